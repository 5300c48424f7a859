import { describe, expect, it } from "vitest";
import { buildGraph } from "../engine/graph/graph.js";
import { printGraph } from "../engine/graph/print.js";
import { input } from "../engine/graph/trace.js";
import { tensor } from "../engine/tensor/tensor.js";
import { parameterPacks } from "./parameter-packs.js";

const zeros = { kind: "zeros" } as const;

describe("parameterPacks", () => {
  it("joins small tensors that agree on all axes but the first, and leaves large ones alone", () => {
    const shapes = { a: [2, 3], b: [4], c: [5, 3], d: [6], e: [200, 200], f: [] };
    const specs = Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => [name, { shape, initializer: zeros }]),
    );
    const inputs = Object.entries(shapes).map(([name, shape]) => input(name, { dtype: "float32", shape }));
    const packs = parameterPacks(specs);
    const packed = packs.pack(Object.fromEntries(inputs.map((value) => [value.attributes.name, value])));
    expect(Object.values(packed).map(({ shape }) => shape)).toEqual([[7, 3], [10], [200, 200], []]);
    expect(packs.shapes).toEqual({ "pack [*, 3]": [7, 3], "pack [*]": [10], e: [200, 200], f: [] });
    const parts = packs.unpack(packed);
    expect(Object.fromEntries(Object.entries(parts).map(([name, { shape }]) => [name, shape]))).toEqual(shapes);
    const graph = buildGraph(inputs, { c: parts.c!, d: parts.d!, e: parts.e! });
    expect(printGraph(graph)).toMatchInlineSnapshot(`
      "%0: float32[2, 3] = input(a)
      %1: float32[4] = input(b)
      %2: float32[5, 3] = input(c)
      %3: float32[6] = input(d)
      %4: float32[200, 200] = input(e)
      %5: float32[] = input(f)
      %6: float32[7, 3] = concat(%0, %2; axis=0)
      %7: float32[5, 3] = slice(%6; starts=[2, 0] ends=[7, 3] strides=[1, 1])
      %8: float32[10] = concat(%1, %3; axis=0)
      %9: float32[6] = slice(%8; starts=[4] ends=[10] strides=[1])
      return c = %7
      return d = %9
      return e = %4"
    `);
  });

  it("joins what has up to 2^15 elements and is in one group of the optimiser", () => {
    const shapes = { a: [2 ** 15], b: [1], c: [2 ** 15 + 1], d: [1], e: [2], f: [3] };
    const specs = Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => [name, { shape, initializer: zeros }]),
    );
    const { members, shapes: packed } = parameterPacks(specs, (name) => ({ d: 1, e: 2, f: 2 })[name] ?? 0);
    expect([...members]).toEqual([
      ["pack [*]", ["a", "b"]],
      ["c", ["c"]],
      ["d", ["d"]],
      ["pack [*] of group 2", ["e", "f"]],
    ]);
    expect(packed).toEqual({ "pack [*]": [32769], c: [32769], d: [1], "pack [*] of group 2": [5] });
  });

  it("packs host tensors element for element, and takes them apart again", () => {
    const specs = { a: { shape: [1, 2], initializer: zeros }, b: { shape: [2, 2], initializer: zeros } };
    const packs = parameterPacks(specs);
    const tensors = { a: tensor([1, 2], [1, 2]), b: tensor([3, 4, 5, 6], [2, 2]) };
    const packed = packs.packTensors(tensors);
    expect(packed).toEqual({ "pack [*, 2]": tensor([1, 2, 3, 4, 5, 6], [3, 2]) });
    expect(packs.unpackTensors(packed)).toEqual(tensors);
  });
});
