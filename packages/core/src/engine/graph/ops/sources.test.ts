import { expect, it } from "vitest";
import { emit } from "../emit.js";
import { input } from "../trace.js";

it("an input has positive sizes only", () => {
  expect(input("x", { dtype: "bool", shape: [] })).toMatchObject({ dtype: "bool", shape: [] });
  expect(() => input("x", { dtype: "float32", shape: [2, 0] })).toThrow(
    'input "x": the shape is [2, 0]; expected an array of whole numbers from 1. Values in a graph are never empty',
  );
});

it("a constant's elements fill its shape and give its dtype", () => {
  expect(emit("constant", [], { data: Int32Array.of(1, 2), shape: [2] }).dtype).toBe("int32");
  expect(() => emit("constant", [], { data: Float32Array.of(1, 2), shape: [3] })).toThrow(
    "constant: the data are a Float32Array of 2 elements; expected a typed array of 3 elements, to fill the shape [3].",
  );
});
