import { describe, expect, it } from "vitest";
import { broadcastTo, constant, reshape } from "../engine/graph/operations.js";
import { createRandom } from "../engine/random/index.js";
import { referenceBackend } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { cosineSchedule, linearSchedule } from "../process/gaussian/schedule.js";
import { variancePreserving } from "../process/gaussian/variance-preserving.js";
import { timestepLevels } from "../process/timesteps.js";
import {
  autoregressive,
  fullSequence,
  type MatrixShape,
  pyramid,
  schedulingMatrix,
} from "../sampling/plan/matrix-shapes.js";
import { checkLaw } from "../testing/law.js";
import { autoregressiveLaw, exactDiffusion, gaussianSequence } from "../testing/oracles/index.js";
import { silentStream } from "../testing/silent-stream.js";
import { evidenceLowerBound } from "./evidence-lower-bound.js";
import type { ElboOptions } from "./options.js";

const none = { kind: "none" } as const;
const process = variancePreserving(cosineSchedule(1000), { objective: "x0", limit: none });
const correlation = 0.8;
const law = autoregressiveLaw(3, correlation, 0.6);
const diffusion = gaussianSequence(law, { process });
const count = 300;

/** Sequences of the law itself. */
const tokens = (() => {
  const noise = new Float32Array(3 * count);
  createRandom(5).fillNormal(noise);
  const data = noise.map((value) => 0.6 * value);
  for (let b = 0; b < count; b++) {
    data[3 * b]! /= Math.sqrt(1 - correlation ** 2);
    for (let t = 1; t < 3; t++) data[3 * b + t]! += correlation * data[3 * b + t - 1]!;
  }
  return tensor(data, [count, 3, 1]);
})();

const logNormal = (x: number, mean: number, variance: number): number =>
  -0.5 * ((x - mean) ** 2 / variance + Math.log(2 * Math.PI * variance));

/** The true log p(x_0) + log p(x_1 | x_0) + log p(x_2 | x_1), the terms wanted, averaged over the sequences. */
function truth(terms: readonly boolean[]): number {
  let total = 0;
  for (let b = 0; b < count; b++) {
    const x = tokens.data.subarray(3 * b, 3 * b + 3);
    if (terms[0]) total += logNormal(x[0]!, 0, 0.36 / (1 - correlation ** 2));
    for (const t of [1, 2]) if (terms[t]) total += logNormal(x[t]!, correlation * x[t - 1]!, 0.36);
  }
  return total / count;
}

const optionsOf = (timesteps: number, shape: MatrixShape, more: Partial<ElboOptions> = {}): ElboOptions => ({
  backend: referenceBackend(),
  parameters: {},
  tokens,
  timesteps,
  rows: schedulingMatrix(shape, timesteps, 3).rows,
  seed: 9,
  draws: 2,
  ...more,
});
const bound = (steps: number, shape: MatrixShape, more: Partial<ElboOptions> = {}) =>
  evidenceLowerBound(diffusion, optionsOf(steps, shape, more));
const average = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Least squares of log y on log x. */
function logSlope(x: readonly number[], y: readonly number[]): number {
  const [u, v] = [x.map(Math.log), y.map(Math.log)];
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [center, middle] = [mean(u), mean(v)];
  const shared = u.reduce((sum, value, i) => sum + (value - center) * (v[i]! - middle), 0);
  return shared / u.reduce((sum, value) => sum + (value - center) ** 2, 0);
}

describe("evidenceLowerBound", () => {
  it("approaches the true log likelihood from below, the gap shrinking as 1 / steps", async ({ task }) => {
    const expected = truth([true, true, true]);
    const counts = [10, 20, 40, 80];
    const gapsOf = async (more: Partial<ElboOptions>): Promise<number[]> => {
      const gaps: number[] = [];
      for (const steps of counts) {
        gaps.push(expected - average((await bound(steps, fullSequence(), { draws: 12, ...more })).nats));
      }
      return gaps;
    };
    const gaps = await gapsOf({});
    const { nats } = await bound(80, fullSequence(), { seed: silentStream });
    checkLaw(task, {
      law: "The evidence lower bound lies below the true log likelihood, by little",
      statistic: "smallest gap in nats, 10 to 80 steps",
      found: Math.min(...gaps),
      within: [0, 0.12],
      broken: { "noise left out": expected - average(nats) },
    });
    checkLaw(task, {
      law: "The evidence lower bound's gap shrinks as 1 / steps",
      statistic: "slope of the log gap, by regression over 10 to 80 steps",
      found: logSlope(counts, gaps),
      within: [-1.2, -0.8],
      broken: {
        "reverse steps of the posterior's variance": logSlope(counts, await gapsOf({ variance: 0, draws: 4 })),
      },
    });
  });

  it("bounds the same likelihood whatever the order of levels", async () => {
    const expected = truth([true, true, true]);
    for (const shape of [pyramid({ uncertainty: 1 }), autoregressive()]) {
      const { nats, standardErrors } = await bound(20, shape, { draws: 6 });
      const error = Math.sqrt(average(standardErrors.map((value) => value ** 2)) / count);
      expect(expected - average(nats)).toBeGreaterThan(-3.3 * error);
      expect(expected - average(nats)).toBeLessThan(0.35);
    }
  });

  it("scores a part given another, and marginalises what is missing", async () => {
    const column = (index: number, kinds: readonly ("given" | "scored" | "missing")[]) =>
      kinds.map((kind) => (kind === "given" ? 0 : kind === "missing" ? 80 : index));
    const rows = (kinds: readonly ("given" | "scored" | "missing")[]) =>
      Array.from({ length: 81 }, (_, m) => column(80 - m, kinds));
    const given = await bound(80, fullSequence(), { rows: rows(["given", "scored", "missing"]) });
    const gap = truth([false, true, false]) - average(given.nats);
    expect(Math.abs(gap)).toBeLessThan(0.1);
    const alone = await bound(80, fullSequence(), { rows: rows(["scored", "missing", "missing"]) });
    expect(Math.abs(truth([true, false, false]) - average(alone.nats))).toBeLessThan(0.12);
    expect(alone.bitsPerDimension).toBeCloseTo(-average(alone.nats) / Math.LN2, 10);
  });

  it("scores a token given a noisy sight of another, averaged over such sights", async ({ task }) => {
    const noisy = 40;
    const rows = (told: number) => Array.from({ length: 81 }, (_, m) => [told, 80 - m, 80]);
    const { nats } = await bound(80, fullSequence(), { rows: rows(noisy), draws: 4 });
    // y = a x_0 + n e; x_1 given y is normal around w y with variance v, and e adds w^2 n^2 to the mean square.
    const alpha = process.path!.signal[timestepLevels(1000, 80)[noisy]!]! ** 2;
    const variance = 0.36 / (1 - correlation ** 2);
    const w = (Math.sqrt(alpha) * correlation * variance) / (alpha * variance + 1 - alpha);
    const v = variance - w * Math.sqrt(alpha) * correlation * variance;
    let expected = (-0.5 * w ** 2 * (1 - alpha)) / v;
    for (let b = 0; b < count; b++) {
      const [seen, scored] = tokens.data.subarray(3 * b);
      expected += logNormal(scored!, w * Math.sqrt(alpha) * seen!, v) / count;
    }
    const gapTold = async (told: number): Promise<number> =>
      expected - average((await bound(80, fullSequence(), { rows: rows(told), draws: 4 })).nats);
    checkLaw(task, {
      law: "The evidence lower bound given a noisy sight is that of the closed form, averaged over sights",
      statistic: "difference in nats, 80 steps",
      found: expected - average(nats),
      within: [-0.1, 0.1],
      broken: { "the sight told to be clean": await gapTold(0), "the sight told to be missing": await gapTold(80) },
    });
  });

  it("draws the noise of q without the process's limit, which would make it too likely", async () => {
    const given = optionsOf(20, fullSequence());
    const clipped = variancePreserving(cosineSchedule(1000), { objective: "x0", noiseClip: 0.5, limit: none });
    const limited = await evidenceLowerBound(gaussianSequence(law, { process: clipped }), given);
    expect(limited.nats).toEqual((await bound(20, fullSequence())).nats);
  });

  it("counts what the noisiest level still tells of the tokens: KL of q(x^K | x0) from N(0, 1)", async () => {
    // A model that knows the answer: steps and reconstruction cost both tokens the same, and only the prior differs.
    const levels = 50;
    const short = variancePreserving(linearSchedule(levels), { objective: "x0", limit: none });
    const [near, far] = [0, 300];
    const answer = constant(tensor([near, far], [2]));
    const knowing = exactDiffusion([1], ({ tokens: { shape } }) => broadcastTo(reshape(answer, [2, 1, 1]), shape), {
      process: short,
    });
    const { nats } = await evidenceLowerBound(knowing, {
      backend: referenceBackend(),
      parameters: {},
      tokens: tensor([near, far], [2, 1, 1]),
      timesteps: levels,
      rows: schedulingMatrix(fullSequence(), levels, 1).rows,
      seed: 3,
    });
    const expected = (short.path!.signal[levels]! ** 2 * far ** 2) / 2;
    expect(expected).toBeGreaterThan(0.3);
    expect(nats[0]! - nats[1]!).toBeCloseTo(expected, 3);
  });

  it("counts cells of a grid as probabilities: never above 0 nats", async () => {
    const grid = tensor(
      Float32Array.from(tokens.data, (x) => Math.round(Math.max(-1, Math.min(1, x)) * 7.5 + 7.5) / 7.5 - 1),
      [count, 3, 1],
    );
    const result = await bound(40, fullSequence(), { tokens: grid, reconstruction: { kind: "grid", values: 16 } });
    expect(Math.max(...result.nats)).toBeLessThan(0);
    expect(result.bitsPerDimension).toBeGreaterThan(0);
  });

  it("reports how much the draws differ", async () => {
    const few = await bound(20, fullSequence(), { draws: 4 });
    const many = await bound(20, fullSequence(), { draws: 16 });
    expect(average(many.standardErrors)).toBeLessThan(0.7 * average(few.standardErrors));
  });
});
