import { describe, expect, it } from "vitest";
import { gradient } from "../engine/autodiff/index.js";
import { mul } from "../engine/graph/operations.js";
import { trace } from "../engine/graph/trace.js";
import { evaluateGraph } from "../engine/reference/index.js";
import { type HostTensor, tensor } from "../engine/tensor/tensor.js";
import type { Model } from "../models/model.js";
import { cosineSchedule } from "../process/gaussian/schedule.js";
import { variancePreserving } from "../process/gaussian/variance-preserving.js";
import type { LossWeighting } from "../process/loss-weighting.js";
import type { Diffusion } from "./diffusion.js";
import { diffusionForcingLoss } from "./loss.js";

/** Answers w times what it sees. */
const scaling: Model = {
  config: { kind: "scaling" },
  tokenShape: [1],
  conditionFeatures: 0,
  parameters: { w: { shape: [], initializer: { kind: "ones" } } },
  apply: (parameters, { tokens }) => mul(tokens, parameters.w!),
};

interface Case {
  objective: "noise" | "x0" | "v";
  lossWeighting?: LossWeighting;
  noiseClip?: number;
  tokens: number[];
  levels: number[];
  noise: number[];
  lossMask?: HostTensor;
}

/** All values of the loss, and its slope by w at w = 1/2, for one sequence of one feature and two levels of noise. */
function lossOf({ objective, lossWeighting = { kind: "min-snr", clip: 0.5 }, noiseClip = 6, ...given }: Case) {
  const process = variancePreserving(cosineSchedule(2), { objective, noiseClip });
  const diffusion: Diffusion = { model: scaling, process, lossWeighting };
  const shape = [1, given.tokens.length, 1];
  const inputs = {
    w: tensor([0.5], []),
    tokens: tensor(given.tokens, shape),
    noiseLevels: tensor(Int32Array.from(given.levels), shape.slice(0, 2)),
    noise: tensor(given.noise, shape),
    lossMask: given.lossMask ?? tensor([1], [1, 1, 1]),
  };
  const graph = trace(inputs, ({ w, ...batch }) => {
    const values = diffusionForcingLoss(diffusion, { w }, batch);
    const { clean } = process.estimate(values.modelOutput, values.noisedTokens, batch.noiseLevels);
    return { ...values, clean, slope: gradient(values.loss, [w])[0]! };
  });
  return Object.fromEntries(Object.entries(evaluateGraph(graph, inputs)).map(([name, { data }]) => [name, [...data]]));
}

const close = (values: number[]) => values.map((value) => expect.closeTo(value, 5));

// alphaBar is 0.49384359 at level 1 and 0.00049384359 at level 2, the signal-to-noise ratio 0.97567389 and 0.00049408759.
const example = { tokens: [1, -2], levels: [1, 2], noise: [0.5, -1] };

describe("diffusionForcingLoss", () => {
  it("noises each token to its own level", () => {
    // sqrt(0.4938436) 1 + sqrt(0.5061564) 0.5 and sqrt(0.0004938) (-2) + sqrt(0.9995062) (-1).
    const { noisedTokens, modelOutput } = lossOf({ ...example, objective: "x0" });
    expect(noisedTokens).toEqual(close([1.0584634, -1.0441982]));
    expect(modelOutput).toEqual(close([0.5292317, -0.5220991]));
  });

  it("compares with the noise, weighted by clipped ratio / ratio", () => {
    const { tokenWeights, elements, loss } = lossOf({ ...example, objective: "noise" });
    expect(tokenWeights).toEqual(close([0.5124663, 1]));
    // 0.5124663 (0.5292317 - 0.5)^2 and (-0.5220991 + 1)^2.
    expect(elements).toEqual(close([0.0004379, 0.2283893]));
    expect(loss).toEqual(close([0.1144136]));
  });

  it("compares with the clean tokens, weighted by the clipped ratio", () => {
    const { tokenWeights, elements, loss } = lossOf({ ...example, objective: "x0" });
    expect(tokenWeights).toEqual(close([0.5, 0.0004941]));
    // 0.5 (0.5292317 - 1)^2 and 0.0004941 (-0.5220991 + 2)^2.
    expect(elements).toEqual(close([0.1108114, 0.0010792]));
    expect(loss).toEqual(close([0.0559453]));
  });

  it("compares with the velocity, weighted by clipped ratio / (ratio + 1)", () => {
    const { tokenWeights, elements, loss } = lossOf({ ...example, objective: "v" });
    expect(tokenWeights).toEqual(close([0.2530782, 0.0004938]));
    // v = sqrt(alphaBar) noise - sqrt(1 - alphaBar) x0 = -0.3600775 and 1.9772835.
    expect(elements).toEqual(close([0.2001518, 0.003085]));
    expect(loss).toEqual(close([0.1016184]));
  });

  it("gives the estimate of the clean tokens, from limited noise where the noise is predicted", () => {
    expect(lossOf({ ...example, objective: "x0" }).clean).toEqual(close([0.5292317, -0.5220991]));
    expect(lossOf({ ...example, objective: "v" }).clean).toEqual(close([0.3673045, 0.4987654]));
    const [first, second] = lossOf({ ...example, objective: "noise", noiseClip: 0.2 }).clean!;
    expect(first).toBeCloseTo(1.3037169, 5); // (1.0584634 - sqrt(0.5061564) 0.2) / sqrt(0.4938436)
    expect(second).toBeCloseTo(-37.990511, 3);
  });

  it("drops elements of weight 0 from loss, gradient and the mean's denominator", () => {
    const lossWeighting = { kind: "uniform" } as const;
    const both = lossOf({ ...example, objective: "x0", lossWeighting });
    const weighted = { ...example, objective: "x0", lossWeighting, lossMask: tensor([1, 0], [1, 2, 1]) } as const;
    const one = lossOf(weighted);
    expect(both.elements).toEqual(close([0.2216228, 2.1841911]));
    expect(one.elements).toEqual(close([0.2216228, 0]));
    expect(one.loss).toEqual(close([0.2216228]));
    // d/dw of (w x - x0)^2 / 2 over two tokens: (0.5 x - x0) x = (0.5292317 - 1) 1.0584634 for the first alone.
    expect(one.slope).toEqual(close([-2 * 0.498291]));
    expect(both.slope).toEqual(close([-0.498291 - 1.5432199]));
  });

  it("is the weighted mean: scale and padding of the weights change nothing", () => {
    // Unweighted errors 0.2216228 and 2.1841911; (1 * first + 3 * second) / 4.
    const lossWeighting = { kind: "uniform" } as const;
    const lossAt = (weights: number[]) => {
      const lossMask = tensor(weights, [1, weights.length, 1]);
      return lossOf({ ...example, objective: "x0", lossWeighting, lossMask }).loss;
    };
    expect(lossAt([1, 3])).toEqual(close([1.693549]));
    expect(lossAt([10, 30])).toEqual(close([1.693549]));
    // One weight for all broadcasts; no weight at all is no loss.
    expect(lossAt([7])).toEqual(close([(0.2216228 + 2.1841911) / 2]));
    expect(lossAt([0, 0])).toEqual([0]);
  });

  const weightings: LossWeighting[] = [
    { kind: "uniform" },
    { kind: "min-snr", clip: 5 },
    { kind: "fused-snr", clip: 5, decay: 0.9 },
    { kind: "clamped-snr", low: 0.5, high: 5 },
  ];
  it.each(
    weightings.flatMap((lossWeighting) =>
      (["noise", "x0", "v"] as const).map((objective) => ({ lossWeighting, objective })),
    ),
  )("is finite with clean tokens: $objective, $lossWeighting.kind", ({ lossWeighting, objective }) => {
    const values = lossOf({ tokens: [1, -2, 3], levels: [0, 2, 0], noise: [0.5, -1, 2], objective, lossWeighting });
    expect(Object.values(values).flat().every(Number.isFinite)).toBe(true);
    // What stands at level 0 is seen as it is.
    expect([values.noisedTokens![0], values.noisedTokens![2]]).toEqual([1, 3]);
  });
});
