import { describe, expect, it } from "vitest";
import { tensor } from "../tensor/tensor.js";
import { hashGraph } from "./hash.js";
import { add, constant, matmul, mul, pad, sub } from "./operations.js";
import { trace } from "./trace.js";
import type { TensorType, Value } from "./value.js";

const x22: TensorType = { dtype: "float32", shape: [2, 2] };

function hashOf(fn: (x: Value) => Value, inputName = "x", outputName = "y", type = x22): string {
  const graph = trace({ [inputName]: type }, (values) => ({ [outputName]: fn(values[inputName] as Value) }));
  return hashGraph(graph);
}

describe("hashGraph", () => {
  it("is 64 hexadecimal digits, equal for equal constructions", () => {
    const first = hashOf((x) => add(mul(x, 2), constant(tensor([1, 2]))));
    const second = hashOf((x) => add(mul(x, 2), constant(tensor([1, 2]))));
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(second).toBe(first);
  });

  it("tells apart ops, operand order, wiring, attributes, constants, dtypes, shapes and names", () => {
    const hashes = [
      hashOf((x) => add(x, 1)),
      hashOf((x) => sub(x, 1)),
      hashOf((x) => sub(constant(1), x)),
      hashOf((x) => add(add(x, 1), 1)),
      hashOf((x) => add(x, 2)),
      hashOf((x) => add(x, constant(tensor([1])))),
      hashOf((x) => add(x, 1), "z"),
      hashOf((x) => add(x, 1), "x", "z"),
      hashOf((x) => add(x, 1), "x", "y", { dtype: "float32", shape: [4] }),
      hashOf((x) => add(x, 1), "x", "y", { dtype: "int32", shape: [2, 2] }),
      hashOf((x) => matmul(x, x)),
      hashOf((x) => matmul(x, x, { transposeA: true })),
      hashOf((x) => pad(x, 0, 1, 0)),
      hashOf((x) => pad(x, 0, 0, 1)),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it("tells apart attributes that JSON would write alike", () => {
    const hashes = [0, -0, NaN, Infinity, -Infinity].map((value) => hashOf((x) => pad(x, 0, 1, 0, value)));
    expect(new Set(hashes).size).toBe(5);
  });
});
