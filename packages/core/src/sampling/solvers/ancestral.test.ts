import { describe, expect, it } from "vitest";
import { add, mul } from "../../engine/graph/operations.js";
import { trace } from "../../engine/graph/trace.js";
import type { Value } from "../../engine/graph/value.js";
import { evaluateGraph } from "../../engine/reference/index.js";
import { tensor } from "../../engine/tensor/tensor.js";
import { cosineSchedule } from "../../process/gaussian/schedule.js";
import { variancePreserving } from "../../process/gaussian/variance-preserving.js";
import type { NoiseProcess } from "../../process/process.js";
import { elementsOf, levelsOf, numbersOf } from "../../testing/elements-of.js";
import { smallPath } from "../../testing/small-path.js";
import { ancestral } from "./ancestral.js";

const process = variancePreserving(cosineSchedule(50), { objective: "x0", limit: { kind: "none" } });

/** A step of a network that answers that the clean tokens are half of what it sees. */
function step(variance: number, noise: readonly number[]): number[] {
  const inputs = {
    x: tensor([2, -4], [1, 2, 1]),
    from: tensor(Int32Array.of(1, 2), [1, 2]),
    to: tensor(Int32Array.of(0, 1), [1, 2]),
    noise: tensor(noise, [1, 2, 1]),
  };
  const graph = trace(inputs, ({ x, from, to, noise }) => {
    const predict = (tokens: Value) => ({ clean: mul(tokens, 0.5), noise: tokens });
    return { x: ancestral({ variance }).step({ process, predict, x, from, to, noise: [noise], memory: {} }).x };
  });
  return Array.from(evaluateGraph(graph, inputs).x!.data);
}

describe("ancestral", () => {
  it("ends level 1 without noise, and samples the posterior above", () => {
    // Level 2 of 50: x0 = -2, mean factors 0.6787689 and 0.3212303, variance 0.0011871957, noise 2.
    const mean = 0.6787689312 * -2 + 0.3212302608 * -4;
    const second = mean + Math.sqrt(0.0011871956675) * 2;
    expect(step(0, [5, 2])).toEqual([expect.closeTo(1, 6), expect.closeTo(second, 5)]);
    // The forward process's variance, 1 - alphaBar_2 / alphaBar_1, is larger.
    const { signal } = process.path!;
    const forward = 1 - (signal[2]! / signal[1]!) ** 2;
    expect(step(1, [5, 2])).toEqual([expect.closeTo(1, 6), expect.closeTo(mean + 2 * Math.sqrt(forward), 5)]);
  });

  it("tells the law of its step, in which nothing is random at level 0", () => {
    const inputs = { x: numbersOf(2, -4), from: levelsOf(1, 2), to: levelsOf(0, 1) };
    const law = (variance: number, part: "mean" | "deviation") =>
      elementsOf(inputs, ({ x, from, to }) => {
        const predict = (tokens: Value) => ({ clean: mul(tokens, 0.5), noise: tokens });
        return ancestral({ variance }).law!({ process: smallPath(), predict, x, from, to })![part];
      });
    // r = 175 / 256 of the noise goes from level 2 to 1: sqrt(r) .6 or sqrt(r) .8.
    const r = 175 / 256;
    expect(law(0, "deviation")).toEqual([0, expect.closeTo(Math.sqrt(r) * 0.6, 5)]);
    expect(law(1, "deviation")).toEqual([0, expect.closeTo(Math.sqrt(r) * 0.8, 5)]);
    expect(law(1, "mean")).toEqual([1, (9 / 16) * (6 / 8) * -4 + r * 0.8 * -2].map((x) => expect.closeTo(x, 5)));
  });

  it("has no law where the process has none", () => {
    const { posterior: _, ...process } = smallPath();
    const inputs = { x: numbersOf(2), from: levelsOf(2), to: levelsOf(1) };
    elementsOf(inputs, ({ x, from, to }) => {
      const predict = (tokens: Value) => ({ clean: tokens, noise: tokens });
      expect(ancestral().law!({ process, predict, x, from, to })).toBeUndefined();
      return mul(x, 1);
    });
  });

  it("gives the process its first draw as the noise, and the others to choose by", () => {
    const inputs = { x: numbersOf(2), from: levelsOf(2), to: levelsOf(1), a: numbersOf(3), b: numbersOf(4) };
    const found = elementsOf(inputs, ({ x, from, to, a, b }) => {
      const process: NoiseProcess = {
        ...smallPath(),
        transition: (noisy, estimate, _from, _to, noise, options) => {
          expect(options).toEqual({ variance: 0.5, choices: [b] });
          return add(add(noisy, mul(estimate.clean, 10)), mul(noise, 100));
        },
      };
      const predict = (tokens: Value) => ({ clean: mul(tokens, 0.5), noise: tokens });
      const step = { process, predict, x, from, to, noise: [a, b], memory: {} };
      return ancestral({ variance: 0.5 }).step(step).x;
    });
    expect(found).toEqual([312]);
  });

  it("refuses a variance outside 0..1, and options it does not know", () => {
    expect(() => ancestral({ variance: 2 })).toThrow(/variance/);
    expect(() => ancestral({ eta: 1 } as object)).toThrow(/eta/);
  });
});
