import { describe, expect, it } from "vitest";
import type { OnnxModel, OnnxTensor } from "../compile/proto/model.js";
import { takeApart, takeAsInputs, withOptions } from "./weights-apart.js";

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

describe("takeAsInputs", () => {
  it("makes inputs of a large model's large tensors, over the same bytes, and leaves the small ones and integers", () => {
    const [small, large] = [initializer("a", 400), initializer("b", 2 ** 25 + 4)];
    const integers = { ...initializer("c", 2 ** 16), elementType: "int64" } as const;
    new Float32Array(large.bytes.buffer)[2] = 5;
    const whole = modelOf(small, large, integers);
    const x = { name: "x", elementType: "float32", shape: [3] } as const;
    const { model, weights } = takeAsInputs({ ...whole, graph: { ...whole.graph, inputs: [x] } }, "large models");
    expect(model.graph.initializers).toEqual([small, integers]);
    expect(model.graph.inputs).toEqual([x, { name: "b", elementType: "float32", shape: [2 ** 23 + 1] }]);
    expect(Object.keys(weights)).toEqual(["b"]);
    expect(weights.b?.shape).toEqual([2 ** 23 + 1]);
    expect([weights.b?.data.length, weights.b?.data[2]]).toEqual([2 ** 23 + 1, 5]);
    expect(weights.b?.data.buffer).toBe(large.bytes.buffer);
  });

  it("leaves a model as it is whose large tensors are not more than 32 MiB", () => {
    const model = modelOf(initializer("a", 2 ** 25));
    expect(takeAsInputs(model, "large models")).toEqual({ model, weights: {} });
    expect(Object.keys(takeAsInputs(model, "all models").weights)).toEqual(["a"]);
  });

  it("leaves kernels of convolutions", () => {
    const convolution = { name: "y", operator: "Conv", domain: "", inputs: ["x", "a"], outputs: ["y"], attributes: {} };
    const model = modelOf(initializer("a", 2 ** 25), initializer("b", 2 ** 16));
    const whole = { ...model, graph: { ...model.graph, nodes: [convolution] } };
    expect(Object.keys(takeAsInputs(whole, "all models").weights)).toEqual(["b"]);
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
