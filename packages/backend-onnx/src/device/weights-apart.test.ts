import { describe, expect, it } from "vitest";
import type { OnnxModel, OnnxTensor } from "../compile/proto/model.js";
import { takeApart, withOptions } from "./weights-apart.js";

const initializer = (name: string, bytes: number): OnnxTensor => ({
  name,
  elementType: "float32",
  shape: [bytes / 4],
  bytes: new Uint8Array(bytes),
});

const modelOf = (...initializers: OnnxTensor[]): OnnxModel => ({
  irVersion: 8,
  producer: "test",
  operatorSets: [],
  metadata: {},
  graph: { name: "g", nodes: [], initializers, inputs: [], outputs: [] },
});

describe("takeApart", () => {
  it("takes the large tensors out of a large model and leaves the small ones", () => {
    const [small, large, other] = [initializer("a", 400), initializer("b", 2 ** 25), initializer("c", 2 ** 16)];
    const taken = takeApart(modelOf(small, large, other));
    expect(taken?.apart.map(({ name, location }) => [name, location])).toEqual([
      ["b", "weights-1.bin"],
      ["c", "weights-2.bin"],
    ]);
    expect(taken?.model.graph.initializers.map(({ location }) => location)).toEqual([
      undefined,
      "weights-1.bin",
      "weights-2.bin",
    ]);
    expect(taken?.apart[0]?.bytes.buffer).toBe(large.bytes.buffer);
  });

  it("leaves a model whole whose large tensors are not more than 32 MiB", () => {
    expect(takeApart(modelOf(initializer("a", 2 ** 25)))).toBeUndefined();
    expect(
      takeApart(modelOf(...Array.from({ length: 600 }, (_, i) => initializer(`${i}`, 2 ** 16 - 4)))),
    ).toBeUndefined();
  });
});

describe("withOptions", () => {
  it("joins sections of `extra`, and leaves what was there", () => {
    const options = { executionMode: "sequential", extra: { session: { a: "1" }, optimization: { b: "2" } } };
    expect(withOptions(options, { extra: { session: { c: "3" } } })).toEqual({
      executionMode: "sequential",
      extra: { session: { a: "1", c: "3" }, optimization: { b: "2" } },
    });
    expect(withOptions({ a: 1 }, { b: 2 })).toEqual({ a: 1, b: 2, extra: {} });
  });
});
