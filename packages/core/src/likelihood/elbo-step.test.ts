import { describe, expect, it } from "vitest";
import { add, broadcastTo, cast, constant, div, mul, reshape, sum } from "../engine/graph/operations.js";
import { trace } from "../engine/graph/trace.js";
import { evaluateGraph } from "../engine/reference/index.js";
import { type HostTensor, tensor } from "../engine/tensor/tensor.js";
import type { Model } from "../models/model.js";
import { discreteBayesianFlow } from "../process/bayesian-flow/discrete.js";
import { flowMatching } from "../process/gaussian/flow-matching.js";
import { cosineSchedule } from "../process/gaussian/schedule.js";
import { variancePreserving } from "../process/gaussian/variance-preserving.js";
import { elementsOf, levelsOf, numbersOf } from "../testing/elements-of.js";
import { exactDiffusion } from "../testing/oracles/index.js";
import { smallPath } from "../testing/small-path.js";
import { normalDistribution } from "../testing/statistics.js";
import { elboStep, lawsOf } from "./elbo-step.js";

const process = variancePreserving(cosineSchedule(100), { objective: "x0", limit: { kind: "none" } });
/** A model that answers 0.2 whatever it sees. */
const diffusion = exactDiffusion([1], ({ tokens }) => broadcastTo(constant(0.2), tokens.shape), { process });

it("gives the cells of a grid the normal's probabilities, which add up to 1", () => {
  const level = 40;
  const inputs = {
    tokens: tensor([-1, -1 / 3, 1 / 3, 1], [4, 1, 1]),
    from: tensor(new Int32Array(4).fill(level), [4, 1]),
    to: tensor(new Int32Array(4), [4, 1]),
    noise: tensor(new Float32Array(4), [4, 1, 1]),
  };
  const graph = trace(inputs, (values) => ({
    nats: elboStep(diffusion, {}, values, 1, { kind: "grid", values: 4 }),
  }));
  const found = Array.from(evaluateGraph(graph, inputs).nats!.data, (nats) => Math.exp(-nats));
  expect(found.reduce((total, p) => total + p)).toBeCloseTo(1, 5);
  // cos^2(pi/2 (0.4 + s) / (1 + s)) / cos^2(pi/2 s / (1 + s)), s = 0.008: alphaBar 0.6475, deviation 0.7379.
  // Phi((edge - 0.2) / 0.7379) at the edges -2/3, 0, 2/3: 0.12009, 0.39318, 0.73645.
  expect(found).toEqual([0.12009, 0.27309, 0.34328, 0.26355].map((p) => expect.closeTo(p, 4)));
});

describe("a step of a Gaussian process", () => {
  const close = (values: number[]) => values.map((value) => expect.closeTo(value, 5));
  /** Nats of sequences of a model that answers .2, on a path of signals and noise 1, 0; .8, .6; .6, .8. */
  const nats = (tokens: number[][], from: number[], to: number[], noise: number[][], variance: number) => {
    const [batch, length] = [tokens.length, from.length];
    const repeated = (levels: number[]) =>
      tensor(
        Int32Array.from({ length: batch * length }, (_, i) => levels[i % length]!),
        [batch, length],
      );
    const inputs = {
      tokens: tensor(tokens.flat(), [batch, length, 1]),
      from: repeated(from),
      to: repeated(to),
      noise: tensor(noise.flat(), [batch, length, 1]),
    };
    const diffusion = exactDiffusion([1], ({ tokens }) => broadcastTo(constant(0.2), tokens.shape), {
      process: smallPath(),
    });
    return elementsOf(inputs, (values) => elboStep(diffusion, {}, values, variance, { kind: "normal" }));
  };
  // From level 2 to 1 a share r = 1 - (9 / 16)^2 of the noise goes; the means lie r .8 (x - .2) apart.
  const r = 175 / 256;
  const [posterior, forward] = [r * 0.36, r * 0.64];
  const apart = (x: number): number => (r * 0.8 * (x - 0.2)) ** 2;

  it("costs KL of two normal laws, of the posterior's variance and of the forward process's or one between", () => {
    expect(nats([[0.5]], [2], [1], [[1]], 0)).toEqual(close([apart(0.5) / posterior / 2]));
    const upper = (Math.log(forward / posterior) + (posterior + apart(0.5)) / forward - 1) / 2;
    expect(nats([[0.5]], [2], [1], [[1]], 1)).toEqual(close([upper]));
    const between = Math.sqrt(forward * posterior);
    const middle = (Math.log(between / posterior) + (posterior + apart(0.5)) / between - 1) / 2;
    expect(nats([[0.5]], [2], [1], [[1]], 0.5)).toEqual(close([middle]));
  });

  it("costs minus the log density around the estimate where a token becomes clean", () => {
    // The variance that is left: .36 / .64.
    const density = (x: number): number => ((x - 0.2) ** 2 / 0.5625 + Math.log(2 * Math.PI * 0.5625)) / 2;
    expect(nats([[0.5]], [1], [0], [[3]], 1)).toEqual(close([density(0.5)]));
  });

  it("adds up the tokens of each sequence that move, and no others", () => {
    const [first, second] = nats(
      [
        [0.5, 0.7, 9],
        [0.1, 0.2, 7],
      ],
      [2, 2, 1],
      [1, 1, 1],
      [
        [1, 0, 2],
        [0, 1, 1],
      ],
      0,
    ) as [number, number];
    expect(first).toBeCloseTo((apart(0.5) + apart(0.7)) / posterior / 2, 5);
    expect(second).toBeCloseTo(apart(0.1) / posterior / 2, 5);
  });
});

it("takes the outermost cells of a grid as unbounded for data that lie in them, but not at their middle", () => {
  // Cells of 2/3 around -1, -1/3, 1/3 and 1; -.9 and .9 are 1/3 from the edges -.5667 and .5667 of theirs.
  const inputs = {
    tokens: numbersOf(-0.9, 0.9, 0.6),
    from: levelsOf(1, 1, 1),
    to: levelsOf(0, 0, 0),
    noise: numbersOf(0, 0, 0),
  };
  const of = (at: number): number => {
    const one = (x: HostTensor) => (x.dtype === "int32" ? levelsOf(x.data[at]!) : numbersOf(x.data[at]!));
    const given = Object.fromEntries(Object.entries(inputs).map(([name, x]) => [name, one(x)])) as typeof inputs;
    const diffusion = exactDiffusion([1], ({ tokens }) => broadcastTo(constant(0.2), tokens.shape), {
      process: smallPath(),
    });
    const [nats] = elementsOf(given, (values) => elboStep(diffusion, {}, values, 1, { kind: "grid", values: 4 }));
    return Math.exp(-nats!);
  };
  // A deviation of .75.
  const below = (x: number): number => normalDistribution((x - 0.2) / 0.75);
  expect(of(0)).toBeCloseTo(below(-0.9 + 1 / 3), 5);
  expect(of(1)).toBeCloseTo(1 - below(0.9 - 1 / 3), 5);
  expect(of(2)).toBeCloseTo(below(0.6 + 1 / 3) - below(0.6 - 1 / 3), 5);
});

it("costs half the accuracy that a step of a Bayesian flow adds, times the squared error, and a surprise at the end", () => {
  // Three symbols, accuracies 6, 3.375, 1.5, .375, 0; a network that gives them .5, .3, .2. The truth is the second.
  const flow = discreteBayesianFlow({ categories: 3, levels: 4, finalAccuracy: 2 });
  const model: Model = {
    config: { kind: "constant" },
    tokenShape: [3],
    conditionFeatures: 0,
    parameters: {},
    apply: (_, { tokens }) => broadcastTo(constant(tensor([0.5, 0.3, 0.2].map(Math.log), [3])), tokens.shape),
  };
  const diffusion = { model, process: flow, lossWeighting: flow.lossWeighting };
  const nats = (from: number[], to: number[]) => {
    const count = from.length;
    const inputs = {
      tokens: tensor(
        from.flatMap(() => [-1, 1, -1]),
        [1, count, 3],
      ),
      from: levelsOf(...from),
      to: levelsOf(...to),
      noise: tensor(new Float32Array(3 * count), [1, count, 3]),
    };
    return elementsOf(inputs, (values) => elboStep(diffusion, {}, values, 1, { kind: "normal" }))[0];
  };
  const error = 0.25 + 0.49 + 0.04;
  expect(nats([4], [2])).toBeCloseTo((1.5 / 2) * error, 5);
  expect(nats([2], [1])).toBeCloseTo((1.875 / 2) * error, 5);
  expect(nats([1], [0])).toBeCloseTo(-Math.log(0.3), 5);
  expect(nats([2, 4, 2], [2, 2, 0])).toBeCloseTo((1.5 / 2) * error - Math.log(0.3), 5);
});

it("tells the network every token's own level, of given tokens too, and its condition", () => {
  // A model that says a tenth of the level of each token plus its condition; of the tokens' signals .8 and .6.
  const model: Model = {
    config: { kind: "telling" },
    tokenShape: [1],
    conditionFeatures: 1,
    parameters: {},
    apply: (_, { noiseLevels, condition, levelCount }) => {
      const level = reshape(cast(noiseLevels, "float32"), [1, 2, 1]);
      return add(mul(div(level, levelCount), 0.3), add(sum(level, 1, true), condition!));
    },
  };
  const diffusion = { model, process: smallPath(), lossWeighting: { kind: "uniform" as const } };
  const inputs = {
    tokens: numbersOf(0.5, 9),
    from: levelsOf(1, 0),
    to: levelsOf(0, 0),
    noise: numbersOf(0, 0),
    condition: numbersOf(-1, 7),
  };
  const found = elementsOf(inputs, (values) => elboStep(diffusion, {}, values, 1, { kind: "normal" }));
  // The levels add up to 1 + 0: .1 + 1 - 1 is said of the first token, at the distance .4; the variance is .36 / .64.
  expect(found).toEqual([expect.closeTo((0.16 / 0.5625 + Math.log(2 * Math.PI * 0.5625)) / 2, 5)]);
});

it("takes a unit variance where a token becomes clean out of nothing but noise", () => {
  // Level 4 of 4 of a flow holds no signal: whatever is said of the token has some density, .2 +- 1 here.
  const process = flowMatching({ levels: 4, objective: "x0" });
  const diffusion = exactDiffusion([1], ({ tokens }) => broadcastTo(constant(0.2), tokens.shape), { process });
  const inputs = { tokens: numbersOf(0.5), from: levelsOf(4), to: levelsOf(0), noise: numbersOf(1) };
  const found = elementsOf(inputs, (values) => elboStep(diffusion, {}, values, 1, { kind: "normal" }));
  expect(process.signalToNoise[4]).toBe(0);
  expect(found).toEqual([expect.closeTo((0.09 + Math.log(2 * Math.PI)) / 2, 5)]);
});

describe("lawsOf", () => {
  it("finds the law of a process's reverse steps, and says of one without that it has no bound", () => {
    const process = smallPath();
    expect(lawsOf(process)).toBe(process.posterior);
    const { posterior: _, ...without } = process;
    expect(() => lawsOf({ ...without, config: { kind: "jumps" } })).toThrow(
      expect.objectContaining({
        code: "invalid-config",
        message: expect.stringMatching(/kind "jumps" has no law of its reverse steps/),
      }),
    );
  });
});
