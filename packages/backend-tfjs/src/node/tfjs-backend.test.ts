import { type Backend, isDiffusionForcingError, selectBackend, type Tensor, tensor } from "@diffusion-forcing/core";
import { disposeTensor, readTensor } from "@diffusion-forcing/core/backend";
import { add, concat, matmul, mul, softmax, trace } from "@diffusion-forcing/core/graph";
import * as tf from "@tensorflow/tfjs-core";
import { describe, expect, it } from "vitest";
import { tfjsBackend, tfjsProvider } from "./tfjs-backend.js";

const graph = () =>
  trace({ x: { dtype: "float32", shape: [2, 2] } }, ({ x }) => ({ y: softmax(concat([matmul(x, x), mul(x, 2)], 1)) }));
const x = tensor([1, 2, 3, 4], [2, 2]);
const codeOf = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "succeeded",
    (error: unknown) => (isDiffusionForcingError(error) ? error.code : String(error)),
  );
const once = async (backend: Backend): Promise<number[]> => {
  const executable = await backend.compile(graph());
  const { y } = await executable.run({ x });
  const { data } = await readTensor(y as Tensor);
  disposeTensor(y as Tensor);
  executable.dispose();
  return Array.from(data);
};

describe("tfjsBackend", () => {
  it("refuses options that it does not know, and values that mean nothing", async () => {
    await expect(tfjsBackend({ engine: "wasm" } as object)).rejects.toThrow(
      "tfjsBackend: there is no option engine. The known ones are device, wasmPaths.",
    );
    await expect(tfjsBackend({ device: 3 as never })).rejects.toThrow(
      "tfjsBackend: device is 3; expected a device's name.",
    );
    await expect(tfjsBackend({ wasmPaths: { a: 1 } as never })).rejects.toThrow(
      "wasmPaths is an object with a; expected",
    );
  });

  it("says that other paths come too late, and where the files were looked for", async () => {
    const first = await tfjsBackend({ device: "wasm" });
    const late = tfjsBackend({ device: "wasm", wasmPaths: "/elsewhere/" });
    expect(await codeOf(late)).toBe("invalid-argument");
    await expect(late).rejects.toThrow(
      /wasmPaths is "\/elsewhere\/", but the one WebAssembly engine .* was started with "/,
    );
    const same = await tfjsBackend({ device: "wasm" });
    await Promise.all([first.dispose(), same.dispose()]);
  });

  it("names itself, its device and its version", async () => {
    const backend = await tfjsBackend({ device: "cpu" });
    expect([backend.name, backend.device, backend.version]).toEqual(["tfjs", "cpu", "4.22.0"]);
    await backend.dispose();
  });

  it("takes the first engine that is there: the native ones are not installed here", async () => {
    const backend = await tfjsBackend();
    expect(backend.device).toBe("wasm");
    await backend.dispose();
  });

  it("is opened by selectBackend, which says why the native engines were passed over", async () => {
    const { backend, passedOver } = await selectBackend({ from: [tfjsProvider], prefer: ["node-gpu", "node", "wasm"] });
    expect(backend.device).toBe("wasm");
    expect(passedOver.map(({ device }) => device)).toEqual(["node-gpu", "node"]);
    expect(passedOver[0]?.reason).toContain("@tensorflow/tfjs-node-gpu");
    await backend.dispose();
  });

  it("refuses an engine there is not, and lists what there is", async () => {
    const opening = tfjsBackend({ device: "webgl" as "cpu" });
    await expect(opening).rejects.toThrow(
      'there is no device "webgl" here; expected "auto", "node-gpu", "webgpu", "node", "wasm", "cpu".',
    );
    expect(await codeOf(opening)).toBe("backend-unavailable");
  });

  it("runs two engines side by side, each with its own tensors, and leaves the user's engine alone", async () => {
    const [wasm, cpu] = [await tfjsBackend({ device: "wasm" }), await tfjsBackend({ device: "cpu" })];
    await tf.setBackend("cpu");
    const before = [tf.memory().numTensors, tf.engine().backendName];
    const expected = await once(cpu);
    for (let i = 0; i < 3; i++) {
      const [a, b] = await Promise.all([once(wasm), once(cpu)]);
      expect(a).toEqual(expected.map((value) => expect.closeTo(value, 5)));
      expect(b).toEqual(expected);
    }
    expect([tf.memory().numTensors, tf.engine().backendName]).toEqual(before);
    const executable = await wasm.compile(trace({ x: { dtype: "float32", shape: [2] } }, (v) => ({ y: add(v.x, 1) })));
    const foreign = await (
      await cpu.compile(trace({ x: { dtype: "float32", shape: [2] } }, (v) => ({ y: add(v.x, 1) })))
    ).run({ x: tensor([1, 2]) });
    expect(await codeOf(executable.run({ x: foreign.y as Tensor }))).toBe("invalid-argument");
    await Promise.all([wasm.dispose(), cpu.dispose()]);
    expect(await codeOf(executable.run({ x: tensor([1, 2]) }))).toBe("disposed");
  });
});
