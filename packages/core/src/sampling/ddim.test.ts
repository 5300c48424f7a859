import { describe, expect, it } from "vitest";
import { mul, square, sum } from "../engine/graph/operations.js";
import { trace } from "../engine/graph/trace.js";
import { evaluateGraph } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import type { Model } from "../models/model.js";
import type { Objective } from "../process/gaussian/objective.js";
import { cosineSchedule } from "../process/gaussian/schedule.js";
import type { DiffusionProcess } from "../process/loss.js";
import { type DdimOptions, ddimCoefficients, ddimStep } from "./ddim.js";

/** Answers half of what it sees. */
const halving: Model = {
  config: { kind: "halving" },
  tokenShape: [1],
  conditionFeatures: 0,
  parameters: {},
  apply: (_parameters, { tokens }) => mul(tokens, 0.5),
};

function processOf(objective: Objective, levels: number): DiffusionProcess {
  return {
    model: halving,
    schedule: cosineSchedule(levels),
    objective,
    lossWeighting: { kind: "uniform" },
    clipNoise: 6,
  };
}

interface Step {
  x: number[];
  from: number[];
  to: number[];
  noise: number[];
}

/** The tokens after one step of a single sequence. */
function step(process: DiffusionProcess, options: Partial<DdimOptions>, { x, from, to, noise }: Step): number[] {
  const shape = [1, x.length];
  const inputs = {
    x: tensor(x, [...shape, 1]),
    from: tensor(Int32Array.from(from), shape),
    to: tensor(Int32Array.from(to), shape),
    noise: tensor(noise, [...shape, 1]),
  };
  const graph = trace(inputs, (values) => ({
    next: ddimStep(process, {}, { eta: 0, stabilizationLevel: 0, ...options }, values).next,
  }));
  return [...evaluateGraph(graph, inputs).next!.data];
}

describe("ddimStep", () => {
  // alphaBar is a = 0.00049384359 at level 2 of 2 and b = 0.49384359 at level 1.
  const once: Step = { x: [2], from: [2], to: [1], noise: [3] };

  it.each<[Objective, number, number]>([
    // eps = (2 - sqrt(a) x0) / sqrt(1 - a); next = sqrt(b) x0 + sqrt(1 - b) eps.
    ["x0", 0, 2.1101708], // x0 = 1, eps = 1.9782659
    ["v", 0, 0.7670191], // x0 = sqrt(a) 2 - sqrt(1 - a) 1 = -0.9553079, eps = 2.0217287
    ["noise", 0, 32.342033], // eps = 1, x0 = (2 - sqrt(1 - a)) / sqrt(a) = 45.0103641
    // sigma = sqrt((1 - a / b) (1 - b) / (1 - a)) = 0.7112665, and sqrt(1 - b - sigma^2) = 0.01601 in place of sqrt(1 - b).
    ["x0", 1, 2.8682118],
    ["v", 1, 1.4948344],
    ["noise", 1, 33.780396],
  ])("takes equation 12's step, %s with eta %d", (objective, eta, expected) => {
    expect(step(processOf(objective, 2), { eta }, once)[0]).toBeCloseTo(expected, objective === "noise" ? 4 : 5);
  });

  it("steps to the estimate of the clean tokens at level 0, whatever eta and the noise", () => {
    const last: Step = { x: [2, 2], from: [2, 1], to: [0, 0], noise: [3, -3] };
    for (const eta of [0, 0.5, 1]) {
      expect(step(processOf("x0", 2), { eta }, last)).toEqual([1, 1]);
      const [fromTwo, fromOne] = step(processOf("v", 2), { eta }, last) as [number, number];
      expect(fromTwo).toBeCloseTo(-0.9553079, 6);
      expect(fromOne).toBeCloseTo(0.6940334, 6); // sqrt(b) 2 - sqrt(1 - b) 1
    }
  });

  it("ignores the noise at eta 0", () => {
    const process = processOf("v", 50);
    const given: Step = { x: [2, -1], from: [40, 30], to: [39, 20], noise: [3, -3] };
    expect(step(process, {}, given)).toEqual(step(process, {}, { ...given, noise: [100, 7] }));
    expect(step(process, { eta: 0.1 }, given)).not.toEqual(step(process, { eta: 0.1 }, { ...given, noise: [100, 7] }));
  });

  it.each(["noise", "x0", "v"] as const)("keeps tokens whose level stays to the bit, %s", (objective) => {
    const x = [0.1, 1 / 3, -7, 1e-20, 5];
    const given: Step = { x, from: [0, 1, 25, 50, 50], to: [0, 1, 25, 50, 49], noise: [1, 1, 1, 1, 1] };
    const guidance = { value: (x0: Parameters<typeof square>[0]) => sum(square(x0), [1, 2]), samples: 1 };
    for (const options of [{ eta: 0 }, { eta: 1 }, { eta: 1, stabilizationLevel: 15 }, { eta: 1, guidance }]) {
      const next = step(processOf(objective, 50), options, given);
      expect(next.slice(0, 4)).toEqual([...Float32Array.from(x.slice(0, 4))]);
      expect(next[4]).not.toBe(5);
    }
  });

  it("moves each token by its own levels alone", () => {
    const process = processOf("v", 50);
    const both = step(process, { eta: 1 }, { x: [2, -1], from: [50, 30], to: [49, 0], noise: [3, -3] });
    const first = step(process, { eta: 1 }, { x: [2], from: [50], to: [49], noise: [3] });
    const second = step(process, { eta: 1 }, { x: [-1], from: [30], to: [0], noise: [-3] });
    expect(both).toEqual([...first, ...second]);
  });

  it("subtracts the gradient, scaled by the noise factor of the next or of the current level, from eps", () => {
    // The value 0.6 x0 = 0.3 x has the gradient 0.3. Unguided eps is 1.9782659 (above).
    const value = (x0: Parameters<typeof square>[0]) => sum(mul(x0, 0.6), [1, 2]);
    const guided = (factor?: "next" | "current") =>
      step(processOf("x0", 2), { guidance: { value, samples: 1, ...(factor ? { factor } : {}) } }, once)[0]!;
    // sqrt(1 - b) 0.3 = 0.213434: eps = 1.7648319, from which x0 = 10.601999.
    expect(guided("next")).toBeCloseTo(8.706033, 4);
    // sqrt(1 - a) 0.3 = 0.2999259: eps = 1.67834, x0 = 14.4931087.
    expect(guided("current")).toBeCloseTo(11.3789375, 4);
    expect(guided()).toBe(guided("current"));
  });
});

describe("ddimCoefficients", () => {
  const process = processOf("v", 50);
  const coefficients = (from: number[], to: number[], eta: number) => {
    const types = {
      from: tensor(Int32Array.from(from), [1, from.length]),
      to: tensor(Int32Array.from(to), [1, to.length]),
    };
    const { sigma, direction } = evaluateGraph(
      trace(types, (levels) => ({ ...ddimCoefficients(process, levels.from, levels.to, eta, 3) })),
      types,
    );
    return { sigma: [...sigma!.data], direction: [...direction!.data] };
  };
  const from = Array.from({ length: 50 }, (_, i) => i + 1);

  it("has the variance of DDPM's posterior at eta 1, level by level", () => {
    const { sigma } = coefficients(
      from,
      from.map((level) => level - 1),
      1,
    );
    const { posteriorVariance } = process.schedule.float64;
    expect(sigma.map((value) => value ** 2)).toEqual(from.map((level) => expect.closeTo(posteriorVariance[level]!, 5)));
  });

  it("takes a radicand that rounding pushed below 0 for 0, or, as the official code, for NaN", () => {
    const fine = processOf("v", 1000);
    const to = Array.from({ length: 999 }, (_, i) => i + 1);
    const types = {
      from: tensor(new Int32Array(999).fill(1000), [1, 999]),
      to: tensor(Int32Array.from(to), [1, 999]),
    };
    const spoiled = (radicand: "floor" | "official"): number => {
      const graph = trace(types, (levels) => ({
        direction: ddimCoefficients(fine, levels.from, levels.to, 1, 3, radicand).direction,
      }));
      return Array.from(evaluateGraph(graph, types).direction!.data).filter(Number.isNaN).length;
    };
    expect(spoiled("floor")).toBe(0);
    expect(spoiled("official")).toBeGreaterThan(10);
  });

  it("is proportional to eta", () => {
    const to = from.map((level) => Math.floor(level / 2));
    const { sigma } = coefficients(from, to, 1);
    expect(coefficients(from, to, 0.3).sigma).toEqual(sigma.map((value) => expect.closeTo(0.3 * value, 6)));
    expect(coefficients(from, to, 0).sigma).toEqual(sigma.map(() => 0));
  });

  it("splits the next level's noise between the old and the new", () => {
    const { alphasCumprod } = process.schedule.float64;
    for (const eta of [0, 0.3, 1]) {
      const to = from.map((level) => Math.floor(level / 2));
      const { sigma, direction } = coefficients(from, to, eta);
      expect(sigma.map((value, i) => value ** 2 + direction[i]! ** 2)).toEqual(
        to.map((level) => expect.closeTo(1 - alphasCumprod[level]!, 5)),
      );
    }
  });
});
