import { describe, expect, it } from "vitest";
import type { Diffusion } from "../../diffusion/diffusion.js";
import { trace } from "../../engine/graph/trace.js";
import { evaluateGraph } from "../../engine/reference/index.js";
import { tensor } from "../../engine/tensor/tensor.js";
import { cosineSchedule } from "../../process/gaussian/schedule.js";
import { variancePreserving } from "../../process/gaussian/variance-preserving.js";
import { autoregressiveLaw, gaussianSequence } from "./gaussian-sequence.js";
import { autoregressiveModel, kalmanFilter, type StateSpaceModel, stateSpaceLaw } from "./state-space.js";

const schedule = cosineSchedule(100);
const process = variancePreserving(schedule, { objective: "x0", limit: { kind: "none" } });

/** A damped rotation of which one coordinate is seen, so that no token tells all of the state. */
const rotation: StateSpaceModel = {
  initialCovariance: [
    [1, 0],
    [0, 1],
  ],
  transition: [
    [0.6, -0.7],
    [0.7, 0.6],
  ],
  processNoise: [
    [0.15, 0],
    [0, 0.15],
  ],
  observation: [[1, 0]],
  observationNoise: [[0.05]],
};
/** Two numbers a token, everything correlated. */
const coupled: StateSpaceModel = {
  initialCovariance: [
    [1, 0.2],
    [0.2, 0.5],
  ],
  transition: [
    [0.9, 0.3],
    [-0.2, 0.7],
  ],
  processNoise: [
    [0.3, 0.1],
    [0.1, 0.2],
  ],
  observation: [
    [1, 0.5],
    [0, 1],
  ],
  observationNoise: [
    [0.1, 0.03],
    [0.03, 0.2],
  ],
};
const models: [string, StateSpaceModel][] = [
  ["one number of a hidden rotation", rotation],
  ["two numbers, coupled", coupled],
];

/** What a diffusion makes of one sequence [T, F]. */
function estimate({ model }: Diffusion, tokens: number[][], levels: number[]): number[][] {
  const features = tokens[0]!.length;
  const inputs = {
    tokens: tensor(tokens.flat(), [1, tokens.length, features]),
    noiseLevels: tensor(Int32Array.from(levels), [1, levels.length]),
  };
  const graph = trace(inputs, (values) => ({ x0: model.apply({}, { ...values, levelCount: 100 }) }));
  const { data } = evaluateGraph(graph, inputs).x0!;
  return tokens.map((_, t) => Array.from(data.subarray(t * features, (t + 1) * features)));
}

type Rows = readonly (readonly number[])[];
const times = (a: Rows, b: Rows): number[][] =>
  a.map((row) => b[0]!.map((_, j) => row.reduce((sum, x, k) => sum + x * b[k]![j]!, 0)));
const flipped = (a: Rows): number[][] => a[0]!.map((_, j) => a.map((row) => row[j]!));
const combined = (a: Rows, b: Rows, sign = 1): number[][] => a.map((row, i) => row.map((x, j) => x + sign * b[i]![j]!));

function inverse(a: Rows): number[][] {
  const rows = a.map((row, i) => [...row, ...a.map((_, j) => (i === j ? 1 : 0))]);
  for (const [k, row] of rows.entries()) {
    const pivot = row[k]!;
    for (let j = 0; j < row.length; j++) row[j]! /= pivot;
    for (const [i, other] of rows.entries()) {
      const factor = other[k]!;
      if (i !== k) for (let j = 0; j < row.length; j++) other[j]! -= factor * row[j]!;
    }
  }
  return rows.map((row) => row.slice(a.length));
}

/** [[a, 0], [0, b]] */
const blocks = (a: Rows, b: Rows): number[][] => [
  ...a.map((row) => [...row, ...b.map(() => 0)]),
  ...b.map((row) => [...a.map(() => 0), ...row]),
];

/**
 * E[x_t | all sights a_t x_t + n_t e_t] by the smoother of Rauch, Tung and Striebel (1965) in doubles, over the state
 * (z, the observation's own noise), of which x_t is (C I).
 */
function smoothed(model: StateSpaceModel, tokens: number[][], levels: number[]): number[][] {
  const unit = model.observationNoise.map((row, i) => row.map((_, j) => (i === j ? 1 : 0)));
  const none = unit.map((row) => row.map(() => 0));
  const A = blocks(model.transition, none);
  const Q = blocks(model.processNoise, model.observationNoise);
  const shows = model.observation.map((row, i) => [...row, ...unit[i]!]);
  const predicted: { m: number[][]; P: number[][] }[] = [];
  const filtered: { m: number[][]; P: number[][] }[] = [];
  let [m, P] = [A.map(() => [0]), blocks(model.initialCovariance, model.observationNoise)];
  for (const [t, token] of tokens.entries()) {
    predicted.push({ m, P });
    const [a, n] = [schedule.path.signal[levels[t]!]!, schedule.path.noise[levels[t]!]!];
    const H = shows.map((row) => row.map((x) => a * x));
    const S = combined(
      times(times(H, P), flipped(H)),
      unit.map((row) => row.map((x) => x * n * n)),
    );
    const K = times(times(P, flipped(H)), inverse(S));
    m = combined(
      m,
      times(
        K,
        combined(
          token.map((x) => [x]),
          times(H, m),
          -1,
        ),
      ),
    );
    P = combined(P, times(times(K, H), P), -1);
    filtered.push({ m, P });
    [m, P] = [times(A, m), combined(times(times(A, P), flipped(A)), Q)];
  }
  let later = filtered.at(-1)!.m;
  const result = [later];
  for (let t = tokens.length - 2; t >= 0; t--) {
    const G = times(times(filtered[t]!.P, flipped(A)), inverse(predicted[t + 1]!.P));
    later = combined(filtered[t]!.m, times(G, combined(later, predicted[t + 1]!.m, -1)));
    result.unshift(later);
  }
  return result.map((state) => times(shows, state).flat());
}

const near = (rows: number[][], digits: number) => rows.map((row) => row.map((x) => expect.closeTo(x, digits)));
const sequences: Record<number, number[][]> = {
  1: [[0.3], [-1.2], [2], [0.1], [-0.4]],
  2: [
    [0.3, 1],
    [-1.2, 0.4],
    [2, -0.7],
    [0.1, 0.2],
    [-0.4, 1.5],
  ],
};
const levelRows = [
  [50, 50, 50, 50, 50],
  [10, 0, 40, 80, 100],
  [100, 0, 100, 0, 100],
  [70, 30, 20, 10, 5],
];

describe.each(models)("the state space model of %s", (_name, model) => {
  const tokens = sequences[model.observation.length]!;

  it.each(levelRows)("has the conditional means of a Kalman smoother at levels %d, %d, %d, %d, %d", (...levels) => {
    const diffusion = gaussianSequence(stateSpaceLaw(5, model), { process });
    const expected = smoothed(model, tokens, levels);
    expect(estimate(diffusion, tokens, levels)).toEqual(near(expected, 3));
    // The broken variant: a smoother of the model without its coupling in time.
    const apart = { ...model, transition: model.transition.map((row) => row.map((x) => 0.5 * x)) };
    expect(estimate(diffusion, tokens, levels)).not.toEqual(near(smoothed(apart, tokens, levels), 1));
  });

  it.each(levelRows)("is filtered at levels %d, %d, %d, %d, %d: each token given those before it", (...levels) => {
    const filter = kalmanFilter(model, { process });
    const found = estimate(filter, tokens, levels);
    for (let t = 0; t < 5; t++) {
      const known = smoothed(model, tokens.slice(0, t + 1), levels.slice(0, t + 1));
      expect(found[t]).toEqual(near(known, 3)[t]);
    }
    expect(found[0]).not.toEqual(near(smoothed(model, tokens, levels), 3)[0]);
  });
});

describe("stateSpaceLaw", () => {
  it("has the covariance of its model", () => {
    // z: 2, then 0.25 * 2 + 1 = 1.5; x = 3 z + N(0, 0.5).
    const scalar = {
      initialCovariance: [[2]],
      transition: [[0.5]],
      processNoise: [[1]],
      observation: [[3]],
      observationNoise: [[0.5]],
    };
    expect(stateSpaceLaw(2, scalar).covariance.flat()).toEqual([18.5, 9, 9, 14].map((x) => expect.closeTo(x, 12)));
    // z = (1, 0) turned by 0.6, 0.7: cov(z_1, z_0) = A, of which the first entry is seen.
    expect(stateSpaceLaw(2, rotation).covariance.flat()).toEqual(
      [1.05, 0.6, 0.6, 0.36 + 0.49 + 0.15 + 0.05].map((x) => expect.closeTo(x, 12)),
    );
  });

  it("is the autoregressive law where the state is shown", () => {
    const found = stateSpaceLaw(4, autoregressiveModel(0.8, 0.6)).covariance;
    expect(found).toEqual(
      near(
        autoregressiveLaw(4, 0.8, 0.6).covariance.map((row) => [...row]),
        12,
      ),
    );
  });
});
