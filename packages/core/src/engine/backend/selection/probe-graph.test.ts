import { expect, it } from "vitest";
import { evaluateGraph } from "../../reference/index.js";
import { probeGraph, probeInputs } from "./probe-graph.js";

const outputs = evaluateGraph(probeGraph(), probeInputs);

// Computed with NumPy in float64, gradients by central differences.
it.each<[string, number, readonly number[]]>([
  ["concat of many parts", 0, [0.23607, 0.88854, -0.45898, -0.52786]],
  ["strided slice", 0, [0.95743, 0.1935]],
  ["strided slice", 20, [-0.87849, 0.35757]],
  ["product with the second operand transposed", 0, [-3.12642, 5.02565, -1.51734]],
  ["product with the first operand transposed", 0, [3.72347, -1.54353, -0.56751]],
  ["product with both operands transposed", 0, [-3.81855, -6.1837, 14.10113]],
  ["masked softmax", 12, [0, 1, 0]],
  ["masked softmax", 2 * 3 * 12 * 12 - 3, [0.27627, 0.00001, 0.19333]],
  ["gather", 0, [-0.87849, 0.35757, -0.40636]],
  ["scatter-add", 2 * 20, [0, 0, 0]],
  ["scatter-add", 4 * 20, [1.5435, 0.25572, 0.33025]],
  ["sums and largest elements", 0, [-0.53369, -0.24189]],
  ["sums and largest elements", 4, [0.79137, 1.08316]],
  ["gradient by the first operand", 0, [-0.12434, -0.0307, -0.05729]],
  ["gradient by the second operand", 0, [0.2267, 0.96305, -1.03726]],
  ["state", 0, [-0.11187, 0.50616, 0.1242]],
])("computes %s, from element %d: %j", (name, from, expected) => {
  const found = Array.from(outputs[name]?.data.slice(from, from + expected.length) ?? []);
  expect(found.map((value) => Math.round(1e5 * value) / 1e5 + 0)).toEqual(expected);
});

it("feeds values that lie further apart than the probe tolerates: none can stand in for another unseen", () => {
  for (const name of ["x", "y", "heads", "state"]) {
    const sorted = Array.from(probeInputs[name]?.data ?? []).sort((a, b) => a - b);
    const gaps = sorted.slice(1).map((value, i) => value - (sorted[i] as number));
    expect(Math.min(...gaps)).toBeGreaterThan(3e-3);
  }
});
