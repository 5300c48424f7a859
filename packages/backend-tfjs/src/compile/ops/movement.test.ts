import { tensor } from "@diffusion-forcing/core";
import { readTensor } from "@diffusion-forcing/core/backend";
import { concat, pad, sizeOf, slice, trace, transpose, type Value } from "@diffusion-forcing/core/graph";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { Kernels } from "../../device/kernels.js";
import { openCpu } from "../../device/open-cpu.js";
import type { NativeTensor } from "../../device/runtime.js";
import { tfjsBackend } from "../../node/tfjs-backend.js";
import { Scope } from "../scope.js";
import { traits } from "../traits.js";
import { transposed } from "./movement.js";

const backends = [tfjsBackend({ device: "cpu" }), tfjsBackend({ device: "wasm" })];
afterAll(async () => {
  for (const backend of backends) await (await backend).dispose();
});
afterEach(() => vi.restoreAllMocks());

const x = tensor([1, 2, 3, 4, 5, 6], [2, 3]);

/** What both engines compute of x, and the kernels it took, reshapes apart. */
async function computed(fn: (x: Value) => Value): Promise<{ data: number[]; kernels: string }> {
  const results: { data: number[]; kernels: string }[] = [];
  for (const backend of backends) {
    const executable = await (await backend).compile(trace({ x }, (v) => ({ y: fn(v.x) })));
    const run = vi.spyOn(Kernels.prototype, "run");
    const { y } = await executable.run({ x });
    const names = run.mock.calls.map(([name]) => name).filter((name) => name !== "Reshape");
    run.mockRestore();
    results.push({ data: Array.from((await readTensor(y!)).data), kernels: names.join(" ") });
  }
  expect(results[1]).toEqual(results[0]);
  return results[0]!;
}

describe("slice", () => {
  it("cuts a range by Slice and every other element by a gather", async () => {
    expect(await computed((v) => slice(v, 1, 1, 3))).toEqual({ data: [2, 3, 5, 6], kernels: "Slice" });
    expect(await computed((v) => slice(v, 1, 0, 3, 2))).toEqual({ data: [1, 3, 4, 6], kernels: "GatherV2" });
  });

  it("leaves axes alone that it takes whole", async () => {
    expect(await computed((v) => slice(v, 0, 1, 2))).toEqual({ data: [4, 5, 6], kernels: "Slice" });
  });
});

describe("pad", () => {
  it("pads one axis at a time", async () => {
    expect(await computed((v) => pad(v, 0, 1, 0, 9))).toEqual({ data: [9, 9, 9, 1, 2, 3, 4, 5, 6], kernels: "PadV2" });
    expect(await computed((v) => pad(v, 1, 0, 1, 9))).toEqual({ data: [1, 2, 3, 9, 4, 5, 6, 9], kernels: "PadV2" });
  });
});

describe("concat", () => {
  it("joins along any axis in one kernel", async () => {
    expect(await computed((v) => concat([v, slice(v, 1, 0, 1)], 1)).then(({ data }) => data)).toEqual([
      1, 2, 3, 1, 4, 5, 6, 4,
    ]);
    expect(await computed((v) => concat([v, v], 0))).toEqual({
      data: [1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6],
      kernels: "Concat",
    });
  });
});

describe("transposed", () => {
  it("exchanges axes", async () => {
    expect(await computed((v) => transpose(v, [1, 0]))).toEqual({ data: [1, 4, 2, 5, 3, 6], kernels: "Transpose" });
  });

  it("joins neighbours that stay together, and moves nothing past axes of size 1", async () => {
    const { kernels } = await openCpu();
    const scope = new Scope(kernels);
    const run = vi.spyOn(kernels, "run");
    const made = (shape: number[]) => scope.write(new Float32Array(sizeOf(shape)), shape, "float32");
    const calls = () =>
      run.mock.calls
        .filter(([name]) => name === "Transpose")
        .map(([, inputs, { perm }]) => ({ from: (inputs as Record<string, NativeTensor>).x?.shape, perm }));

    transposed(made([2, 3, 4, 5, 6]), [3, 4, 0, 1, 2], scope, traits.cpu);
    expect(calls()).toEqual([{ from: [24, 30], perm: [1, 0] }]);
    run.mockClear();
    const unmoved = made([2, 1, 3]);
    expect(transposed(unmoved, [1, 0, 2], scope, traits.cpu)).toBe(unmoved);
    expect(calls()).toEqual([]);
  });

  it("moves one axis after the other where five stay apart", async () => {
    const { kernels } = await openCpu();
    const scope = new Scope(kernels);
    const shape = [2, 3, 2, 3, 2];
    const values = scope.write(
      Float32Array.from({ length: 72 }, (_, i) => i),
      shape,
      "float32",
    );
    const result = transposed(values, [4, 3, 2, 1, 0], scope, traits.cpu);
    const data = Array.from(await kernels.native.read(result.dataId));
    // Element (e, d, c, b, a) of the result is element (a, b, c, d, e) of the operand.
    const at = (a: number, b: number, c: number, d: number, e: number) => 36 * e + 12 * d + 6 * c + 2 * b + a;
    expect(data[at(1, 0, 0, 0, 0)]).toBe(36);
    expect(data[at(0, 2, 0, 0, 0)]).toBe(24);
    expect(data[at(0, 0, 1, 0, 0)]).toBe(6);
    expect(data[at(0, 0, 0, 2, 0)]).toBe(4);
    expect(data[at(1, 2, 1, 2, 1)]).toBe(71);
    expect(new Set(data).size).toBe(72);
  });
});
