import { describe, expect, it } from "vitest";
import type { Diffusion } from "../../diffusion/diffusion.js";
import { mul } from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import { createRandom } from "../../engine/random/index.js";
import { type ArrayTensor, evaluateInDoubles } from "../../engine/reference/index.js";
import { flowMatching } from "../../process/gaussian/flow-matching.js";
import { cosineSchedule } from "../../process/gaussian/schedule.js";
import { variancePreserving } from "../../process/gaussian/variance-preserving.js";
import { timestepLevels } from "../../process/timesteps.js";
import { checkLaw } from "../../testing/law.js";
import { autoregressiveLaw, gaussianMixture, gaussianSequence } from "../../testing/oracles/index.js";
import { fullSequence, type MatrixShape, pyramid, schedulingMatrix } from "../plan/matrix-shapes.js";
import { walkGraph } from "../walk-graph.js";
import { ddim } from "./ddim.js";
import { dpmSolverPlusPlus } from "./dpm-solver-plus-plus.js";
import { euler } from "./euler.js";
import { heun } from "./heun.js";
import type { Solver, SolverStep } from "./solver.js";

// The order of a solver: how fast its error falls with the number of steps, on the exact denoiser of a law, in doubles.

const levels = 2560;
const none = { kind: "none" } as const;
const straight = flowMatching({ levels, objective: "x0", limit: none });
const counts = [10, 20, 40, 80, 160];
/**
 * Walks go from nine tenths of the levels to a tenth. At both ends the log ratio, in which the multistep solver counts, has
 * no end: equal steps there are no small ones, its first and last are of first order, and its error is the square times a
 * logarithm.
 */
const [first, last] = [0.9, 0.1];

/** Where a walk from fixed noise ends, by steps of one row each. */
function walked({
  diffusion,
  solver,
  steps,
  shape,
  length,
}: {
  diffusion: Diffusion;
  solver: Solver;
  steps: number;
  shape: MatrixShape;
  length: number;
}): Float64Array {
  const batch = 4;
  const table = timestepLevels(levels, steps);
  const rows = schedulingMatrix(shape, steps, length).rows.map((row) =>
    row.map((index) => Math.min(Math.max(index, last * steps), first * steps)),
  );
  const graph = walkGraph(diffusion, { solver, stabilizationLevel: 0 }, { batch, length, steps: 1 });
  const start = new Float32Array(batch * length);
  createRandom(11).fillNormal(start);
  const zero = (name: string): [string, ArrayTensor] => {
    const { dtype, shape } = graph.inputs.find(({ attributes }) => attributes.name === name)!.attributes;
    const size = shape.reduce((product, axis) => product * axis, 1);
    return [name, { dtype, shape, data: dtype === "int32" ? new Int32Array(size) : new Float64Array(size) }];
  };
  let looping: Record<string, ArrayTensor> = Object.fromEntries(
    graph.inputs.flatMap(({ attributes: { name } }) => (name.startsWith("solver/") ? [zero(name)] : [])),
  );
  looping.x = { dtype: "float32", shape: [batch, length, 1], data: Float64Array.from(start) };
  const noise = graph.inputs.some(({ attributes }) => attributes.name === "noise") ? [zero("noise")] : [];
  for (let m = 1; m < rows.length; m++) {
    const both = [rows[m - 1]!, rows[m]!].flatMap((row) =>
      Array.from({ length: batch }, () => Array.from(row, (index) => table[index]!)).flat(),
    );
    const inputs = {
      ...looping,
      ...Object.fromEntries(noise),
      levels: { dtype: "int32", shape: [2, batch, length], data: Int32Array.from(both) } as const,
    };
    looping = evaluateInDoubles(graph, inputs);
  }
  return looping.x!.data as Float64Array;
}

const distance = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.sqrt(Array.from(a, (x, i) => (x - b[i]!) ** 2).reduce((p, q) => p + q));

/** Minus the slope of log error on log steps, by least squares. */
function orderOf(errors: readonly number[]): number {
  const [u, v] = [counts.map(Math.log), errors.map(Math.log)];
  const mean = (values: number[]) => values.reduce((a, b) => a + b) / values.length;
  const [mu, mv] = [mean(u), mean(v)];
  const shared = u.reduce((total, value, i) => total + (value - mu) * (v[i]! - mv), 0);
  return -shared / u.reduce((total, value) => total + (value - mu) ** 2, 0);
}

/** Second order without its history: every step is a first one. */
const forgetful: Solver = {
  ...dpmSolverPlusPlus(),
  step: (step) =>
    dpmSolverPlusPlus().step({
      ...step,
      memory: Object.fromEntries(Object.entries(step.memory).map(([name, value]) => [name, mul(value, 0)])),
    }),
};

/** Every token with the history of the whole sequence's last step, moved or not: it weighs steps that were none. */
const shared: Solver = {
  ...dpmSolverPlusPlus(),
  step: (step) => {
    const taken = dpmSolverPlusPlus().step(step);
    return { ...taken, memory: { ...taken.memory, clean: mul(taken.memory!.clean!, 0) } };
  },
};

/** The mean of a slope with itself. */
const oneSlope: Solver = {
  ...heun(),
  step: (step: SolverStep) => {
    let first: ReturnType<SolverStep["predict"]> | undefined;
    const predict: SolverStep["predict"] = (x, told) => {
      first ??= step.predict(x, told);
      return first;
    };
    return heun().step({ ...step, predict });
  },
};

/** Takes the estimate at half of the levels for that at the levels. */
const misled = (solver: Solver): Solver => ({
  ...solver,
  step: (step) => {
    const predict = (x: Value, told: Value) => {
      const { clean, noise } = step.predict(x, told);
      return { clean: mul(clean, 0.9), noise };
    };
    return solver.step({ ...step, predict });
  },
});

const solvers: [string, Solver, readonly [number, number], Record<string, Solver>][] = [
  ["euler", euler(), [0.8, 1.3], { "an estimate a tenth too small": misled(euler()) }],
  [
    "ddim",
    ddim(),
    [0.8, 1.3],
    { "eta 1, its noise left out": ddim({ eta: 1 }), "an estimate a tenth too small": misled(ddim()) },
  ],
  ["heun", heun(), [1.7, 2.4], { "one slope": oneSlope }],
  ["dpmSolverPlusPlus", dpmSolverPlusPlus(), [1.7, 2.4], { "no history": forgetful, "a false history": shared }],
];

describe("solvers of the probability flow, by regression over 10 to 160 steps", () => {
  it.for(solvers)("%s has its order on a Gaussian, whose flow is known", ([name, solver, within, broken], { task }) => {
    // The flow of a Gaussian only rescales: its deviation is sqrt(a^2 s^2 + n^2) at each level.
    const diffusion = gaussianSequence({ mean: [0], covariance: [[0.25]] }, { process: straight });
    const start = new Float32Array(4);
    createRandom(11).fillNormal(start);
    const deviation = (t: number): number => Math.sqrt((1 - t) ** 2 * 0.25 + t ** 2);
    const truth = Array.from(start, (x) => (x * deviation(last)) / deviation(first));
    const order = (one: Solver): number =>
      orderOf(
        counts.map((steps) =>
          distance(walked({ diffusion, solver: one, steps, shape: fullSequence(), length: 1 }), truth),
        ),
      );
    checkLaw(task, {
      law: `${name} converges to the probability flow of a Gaussian at its order`,
      statistic: "order, by regression over 10 to 160 steps",
      found: order(solver),
      within,
      broken: Object.fromEntries(Object.entries(broken).map(([what, one]) => [what, order(one)])),
    });
  });

  const length = 3;
  const sequences: [string, Diffusion][] = [
    ["a correlated sequence", gaussianSequence(autoregressiveLaw(length, 0.8, 0.6), { process: straight })],
    [
      "a mixture",
      gaussianMixture(
        {
          components: [
            { weight: 0.4, ...autoregressiveLaw(length, 0.5, 0.4), mean: [-1, 0.5, -0.5] },
            { weight: 0.6, ...autoregressiveLaw(length, -0.3, 0.5), mean: [1, -0.5, 0] },
          ],
        },
        { process: straight },
      ),
    ],
  ];
  it.for(sequences)("have their orders on %s whose tokens are at unequal levels", ([what, diffusion], { task }) => {
    // A token begins when the one before it has a fifth of its way behind it: the same path, however many steps.
    const end = (solver: Solver, steps: number): Float64Array =>
      walked({ diffusion, solver, steps, shape: pyramid({ uncertainty: steps / 5 }), length });
    const truth = end(heun(), 1280);
    const order = (solver: Solver): number => orderOf(counts.map((steps) => distance(end(solver, steps), truth)));
    for (const [name, solver, within, broken] of solvers) {
      checkLaw(task, {
        law: `${name} has its order on ${what}, tokens at unequal levels`,
        statistic: "order, by regression over 10 to 160 steps",
        found: order(solver),
        within,
        broken: Object.fromEntries(Object.entries(broken).map(([variant, one]) => [variant, order(one)])),
      });
    }
  });

  it("on a variance-preserving path too", () => {
    const process = variancePreserving(cosineSchedule(levels), { objective: "x0", limit: none });
    const diffusion = gaussianSequence({ mean: [0], covariance: [[0.25]] }, { process });
    const start = new Float32Array(4);
    createRandom(11).fillNormal(start);
    const { signal, noise } = process.path!;
    const deviation = (k: number): number => Math.sqrt(signal[k]! ** 2 * 0.25 + noise[k]! ** 2);
    const scale = deviation(last * levels) / deviation(first * levels);
    const error = (solver: Solver, steps: number): number =>
      distance(
        walked({ diffusion, solver, steps, shape: fullSequence(), length: 1 }),
        start.map((x) => scale * x),
      );
    for (const single of [euler(), ddim()]) {
      expect(orderOf(counts.map((steps) => error(single, steps)))).toBeGreaterThan(0.8);
    }
    for (const second of [heun(), dpmSolverPlusPlus()]) {
      expect(orderOf(counts.map((steps) => error(second, steps)))).toBeGreaterThan(1.6);
    }
  });
});
