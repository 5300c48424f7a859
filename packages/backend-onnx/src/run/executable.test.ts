import { type Backend, type HostTensor, tensor, zeros } from "@diffusion-forcing/core";
import { add, gather, matmul, mul, sum, trace } from "@diffusion-forcing/core/graph";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Device } from "../device/device.js";
import type { RuntimeSession } from "../device/runtime.js";
import { Turns } from "../device/turns.js";
import { onnxBackend } from "../node/onnx-backend.js";
import { OnnxBackend } from "./backend.js";

let backend: Backend;
beforeAll(async () => {
  backend = await onnxBackend();
});
afterAll(() => backend.dispose());

const vector = { dtype: "float32", shape: [3] } as const;
const x = tensor([1, 2, 3]);

describe("run", () => {
  it("writes outputs into the tensors offered for reuse and returns those very objects", async () => {
    const executable = await backend.compile(trace({ x: vector }, (v) => ({ x: mul(v.x, 2), total: sum(v.x) })));
    const spare = zeros("float32", [3]);
    const first = await executable.run({ x }, { reuse: { x: spare } });
    expect(first.x).toBe(spare);
    expect(spare.data).toEqual(Float32Array.of(2, 4, 6));
    const second = await executable.run({ x: spare }, { reuse: { x } });
    expect(second.x).toBe(x);
    expect(x.data).toEqual(Float32Array.of(4, 8, 12));
    expect((second.total as HostTensor).data).toEqual(Float32Array.of(12));
    x.data.set([1, 2, 3]);
  });

  it("does not reuse what the run reads, nor what has another shape", async () => {
    const executable = await backend.compile(trace({ x: vector }, (v) => ({ y: add(v.x, 1) })));
    const aliased = await executable.run({ x }, { reuse: { y: x } });
    expect(aliased.y).not.toBe(x);
    expect(x.data).toEqual(Float32Array.of(1, 2, 3));
    const other = zeros("float32", [4]);
    const { y } = await executable.run({ x }, { reuse: { y: other } });
    expect(y).toEqual(tensor([2, 3, 4]));
  });

  it("reads an input's elements anew on each run", async () => {
    const executable = await backend.compile(trace({ x: vector }, (v) => ({ y: mul(v.x, 10) })));
    const changing = tensor([1, 1, 1]);
    await executable.run({ x: changing });
    changing.data.set([7, 8, 9]);
    expect((await executable.run({ x: changing })).y).toEqual(tensor([70, 80, 90]));
  });

  it("bakes constants in and no longer takes them", async () => {
    const graph = trace({ x: vector, w: { dtype: "float32", shape: [3, 3] } }, (v) => ({
      y: matmul(v.w, v.w),
      z: add(v.x, 1),
    }));
    const w = tensor([1, 0, 0, 0, 2, 0, 0, 0, 3], [3, 3]);
    const executable = await backend.compile(graph, { constants: { w } });
    expect((await executable.run({ x })).y).toEqual(tensor([1, 0, 0, 0, 4, 0, 0, 0, 9], [3, 3]));
    await expect(executable.run({ x, w })).rejects.toMatchObject({ code: "invalid-argument" });
  });
});

it("takes results that the binding wrote and could not wrap, as in Jest's realms", async () => {
  const session = {
    run: async (_feeds: unknown, { y }: Record<string, { data: Float32Array }>) => {
      y?.data.set([2, 4, 6]);
      throw new TypeError("A float32 tensor's data must be type of function Float32Array() { [native code] }");
    },
    release: async () => {},
  } as unknown as RuntimeSession;
  const Tensor = class {
    constructor(
      readonly type: string,
      readonly data: Float32Array,
    ) {}
  };
  const stub = new OnnxBackend({
    name: "cpu",
    runtime: { Tensor, InferenceSession: { create: async () => session } } as unknown as Device["runtime"],
    version: "1",
    target: "cpu",
    sessionOptions: {},
    outputs: "preallocated",
    turns: new Turns(),
  });
  const executable = await stub.compile(trace({ x: vector }, (v) => ({ y: mul(v.x, 2) })));
  expect((await executable.run({ x })).y).toEqual(tensor([2, 4, 6]));
});

describe("failures", () => {
  const table = { dtype: "float32", shape: [2, 3] } as const;
  // Indices that are computed are not checked before the run.
  const lookup = () =>
    trace({ table, at: { dtype: "int32", shape: [1] } }, (v) => ({ row: gather(v.table, add(v.at, v.at)) }));
  const rows = tensor([1, 2, 3, 4, 5, 6], [2, 3]);

  it("names the op, its shape and the device, keeps the cause, and does not spoil the runs queued behind", async () => {
    const executable = await backend.compile(lookup());
    const wrong = executable.run({ table: rows, at: tensor(Int32Array.of(9)) });
    const right = executable.run({ table: rows, at: tensor(Int32Array.of(0)) });
    await expect(wrong).rejects.toMatchObject({
      code: "backend-failure",
      message: expect.stringContaining("onnx (cpu): running gather float32[1, 3] failed"),
      cause: expect.any(Error),
    });
    expect((await right).row).toEqual(tensor([1, 2, 3], [1, 3]));
  });

  it("after dispose: queued runs and later ones are refused, disposing twice is harmless", async () => {
    const executable = await backend.compile(lookup());
    const queued = executable.run({ table: rows, at: tensor(Int32Array.of(0)) });
    executable.dispose();
    executable.dispose();
    await expect(queued).rejects.toMatchObject({ code: "disposed" });
    await expect(executable.run({ table: rows, at: tensor(Int32Array.of(0)) })).rejects.toMatchObject({
      code: "disposed",
    });
  });
});
