import { describe, expect, it } from "vitest";
import { trace } from "../../engine/graph/trace.js";
import { evaluateGraph } from "../../engine/reference/index.js";
import { tensor } from "../../engine/tensor/tensor.js";
import { cosineSchedule } from "../../process/gaussian/schedule.js";
import { variancePreserving } from "../../process/gaussian/variance-preserving.js";
import { autoregressiveLaw, type GaussianLaw, gaussianSequence } from "./gaussian-sequence.js";

const schedule = cosineSchedule(100);

/** What the oracle makes of one sequence at these levels. */
function posteriorMean(law: GaussianLaw, values: number[], levels: number[], objective: "x0" | "v" = "x0"): number[] {
  const process = variancePreserving(schedule, { objective, limit: { kind: "none" } });
  const { model } = gaussianSequence(law, { process });
  const inputs = {
    tokens: tensor(values, [1, values.length, 1]),
    noiseLevels: tensor(Int32Array.from(levels), [1, levels.length]),
  };
  const graph = trace(inputs, ({ tokens, noiseLevels }) => {
    const output = model.apply({}, { tokens, noiseLevels, levelCount: 100 });
    return { x0: process.estimate(output, tokens, noiseLevels).clean };
  });
  return Array.from(evaluateGraph(graph, inputs).x0!.data);
}

/** m + C A (A C A + N^2)^-1 (x - A m) by Gaussian elimination in doubles. */
function inDoubles({ mean, covariance }: GaussianLaw, values: number[], levels: number[]): number[] {
  const a = levels.map((level) => schedule.path.signal[level]!);
  const noise = levels.map((level) => schedule.path.noise[level]! ** 2);
  const rows = values.map((value, i) => [
    ...values.map((_, j) => a[i]! * covariance[i]![j]! * a[j]! + (i === j ? noise[i]! : 0)),
    value - a[i]! * mean[i]!,
  ]);
  rows.forEach((row, k) => {
    rows.forEach((other, i) => {
      if (i === k) return;
      const factor = other[k]! / row[k]!;
      for (let j = 0; j < other.length; j++) other[j]! -= factor * row[j]!;
    });
  });
  const weights = rows.map((row, i) => row.at(-1)! / row[i]!);
  return mean.map((m, i) => m + covariance[i]!.reduce((sum, c, j) => sum + c * a[j]! * weights[j]!, 0));
}

describe("gaussianSequence", () => {
  const laws: [string, GaussianLaw][] = [
    ["AR(1)", autoregressiveLaw(5, 0.8, 0.6)],
    ["with a mean", { ...autoregressiveLaw(5, -0.5), mean: [1, -2, 3, 0, 0.5] }],
  ];
  it.each(laws)("is the conditional mean in doubles: %s", (_name, law) => {
    for (const levels of [
      [50, 50, 50, 50, 50],
      [0, 10, 40, 80, 100],
      [100, 0, 100, 0, 100],
      [1, 2, 3, 4, 5],
    ]) {
      const values = [0.3, -1.2, 2, 0.1, -0.4];
      const expected = inDoubles(law, values, levels).map((value) => expect.closeTo(value, 3));
      expect(posteriorMean(law, values, levels)).toEqual(expected);
      if (!levels.includes(0)) expect(posteriorMean(law, values, levels, "v")).toEqual(expected);
    }
  });

  it("knows what is clean, and predicts what is missing from it", () => {
    const law = autoregressiveLaw(3, 0.5, 1);
    const [first, second, third] = posteriorMean(law, [2, 7, -1], [0, 100, 0]);
    expect(first).toBeCloseTo(2, 4);
    expect(third).toBeCloseTo(-1, 4);
    // Between two neighbours: r (x_1 + x_3) / (1 + r^2), and a trace of the noise, which still knows a little.
    expect(second).toBeCloseTo((0.5 * (2 - 1)) / 1.25, 1);
  });

  it("has the covariance of its model", () => {
    expect(autoregressiveLaw(2, 0.6, 0.8).covariance.flat()).toEqual(
      [1, 0.6, 0.6, 1].map((x) => expect.closeTo(x, 12)),
    );
  });
});
