import { type Backend, tensor } from "@diffusion-forcing/core";
import { cachedBackend, type DeviceTensor, isHostTensor, readTensor } from "@diffusion-forcing/core/backend";
import { add, gather, mul, sum, trace } from "@diffusion-forcing/core/graph";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { onnxBackend } from "../node/onnx-backend.js";

let backend: Backend;
beforeAll(async () => {
  backend = await onnxBackend({ device: "webgpu" });
});
afterAll(() => backend.dispose());

const vector = { dtype: "float32", shape: [3] } as const;
const doubling = trace({ x: vector }, ({ x }) => ({ x: mul(x, 2), total: sum(x) }));
const x = tensor([1, 2, 3]);

describe("state on the device", () => {
  it("goes from output to input without leaving it; scalars come back by themselves", async () => {
    const executable = await backend.compile(doubling);
    let state = (await executable.run({ x })).x as DeviceTensor;
    expect(state).toMatchObject({ device: "onnx/webgpu", dtype: "float32", shape: [3] });
    for (let i = 0; i < 3; i++) {
      const outputs = await executable.run({ x: state });
      state.dispose();
      state = outputs.x as DeviceTensor;
      expect(isHostTensor(outputs.total!)).toBe(true);
    }
    expect(await readTensor(state)).toEqual(tensor([16, 32, 48]));
    // Reading leaves it usable, and it outlives its executable.
    executable.dispose();
    const another = await backend.compile(doubling);
    const { x: last, total } = await another.run({ x: state });
    expect(await readTensor(last!)).toEqual(tensor([32, 64, 96]));
    expect(total).toEqual(tensor([96], []));
    state.dispose();
    expect(await readTensor(last!)).toEqual(tensor([32, 64, 96]));
  });

  it("is read by work asked for before its disposal, and by none after", async () => {
    const executable = await backend.compile(doubling);
    const state = (await executable.run({ x })).x as DeviceTensor;
    const running = executable.run({ x: state });
    const reading = state.read();
    state.dispose();
    expect(await reading).toEqual(tensor([2, 4, 6]));
    expect(await readTensor((await running).x!)).toEqual(tensor([4, 8, 12]));
    await expect(executable.run({ x: state })).rejects.toMatchObject({ code: "disposed" });
  });

  it("is disposed when offered for reuse, also to a run that fails", async () => {
    const executable = await backend.compile(doubling);
    for (const inputs of [{ x }, {}]) {
      const spare = (await executable.run({ x })).x as DeviceTensor;
      await executable.run(inputs, { reuse: { x: spare } }).catch(() => {});
      await expect(spare.read()).rejects.toMatchObject({ code: "disposed" });
    }
  });

  it("belongs to one backend: others refuse it, and its end is the backend's", async () => {
    const other = await onnxBackend({ device: "webgpu" });
    const cpu = await onnxBackend({ device: "cpu" });
    const executable = await backend.compile(doubling);
    const foreign = (await (await other.compile(doubling)).run({ x })).x as DeviceTensor;
    await expect(executable.run({ x: foreign })).rejects.toMatchObject({
      code: "invalid-argument",
      message: expect.stringContaining('input "x" lives on onnx/webgpu; this onnx backend on webgpu takes'),
    });
    await expect((await cpu.compile(doubling)).run({ x: foreign })).rejects.toMatchObject({ code: "invalid-argument" });
    await Promise.all([other.dispose(), other.dispose(), cpu.dispose()]);
    await expect(foreign.read()).rejects.toMatchObject({ code: "disposed" });
    expect(await readTensor((await executable.run({ x })).x!)).toEqual(tensor([2, 4, 6]));
  });

  it("works through the compile cache", async () => {
    const cached = cachedBackend(await onnxBackend({ device: "webgpu" }));
    const [first, second] = [await cached.compile(doubling), await cached.compile(doubling)];
    const { x: state } = await first.run({ x });
    first.dispose();
    expect(await readTensor((await second.run({ x: state! })).x!)).toEqual(tensor([4, 8, 12]));
    await cached.dispose();
  });
});

it("computes bools and int32 that come and go in GPU buffers", async () => {
  const graph = trace(
    { table: { dtype: "int32", shape: [3] }, at: { dtype: "int32", shape: [2] } },
    ({ table, at }) => ({
      picked: gather(table, at),
      more: add(at, 1),
    }),
  );
  const executable = await backend.compile(graph);
  const inputs = { table: tensor(Int32Array.of(2 ** 30 + 1, -7, 5)), at: tensor(Int32Array.of(0, 1)) };
  const first = await executable.run(inputs);
  expect((await readTensor(first.picked!)).data).toEqual(Int32Array.of(2 ** 30 + 1, -7));
  const second = await executable.run({ ...inputs, at: first.more! });
  expect((await readTensor(second.picked!)).data).toEqual(Int32Array.of(-7, 5));
});
