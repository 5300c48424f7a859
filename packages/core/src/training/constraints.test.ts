import { describe, expect, it } from "vitest";
import { gradient } from "../engine/autodiff/index.js";
import { cast, concat, constant, linear, mul, neg, reshape, sum, tanh } from "../engine/graph/operations.js";
import { trace } from "../engine/graph/trace.js";
import { createRandom } from "../engine/random/index.js";
import { evaluateGraph, referenceBackend } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { logSoftmax } from "../models/cp-head.js";
import type { Model, ParameterSpec } from "../models/model.js";
import { transformer } from "../models/transformer/index.js";
import { bayesianFlow } from "../process/bayesian-flow/continuous.js";
import { discreteBayesianFlow } from "../process/bayesian-flow/discrete.js";
import { flowMatching } from "../process/gaussian/flow-matching.js";
import { cosineSchedule } from "../process/gaussian/schedule.js";
import { variancePreserving } from "../process/gaussian/variance-preserving.js";
import type { BatchSource } from "./batch.js";
import { constrainedTraining, multipliersOf } from "./constraints.js";
import { train } from "./train.js";
import type { Trainable } from "./trainable.js";

/** A law over two symbols by free logits; its loss is the cross-entropy of a law given as a token. */
const coin: Trainable = {
  config: { kind: "coin" },
  tokenShape: [2],
  parameters: { logits: { shape: [1, 1, 2], initializer: { kind: "zeros" } } },
  checkBatch: () => undefined,
  inputs: ({ tokens }) => ({ tokens }),
  loss: ({ logits }, { tokens }) => {
    const total = neg(sum(mul(logSoftmax(logits!), tokens!)));
    return { loss: mul(total, 1), total, denominator: constant(1) };
  },
};
const always =
  (...law: [number, number]): BatchSource =>
  () => ({ tokens: tensor(law, [1, 1, 2]) });

describe("constrainedTraining", () => {
  it("adds to the loss each multiplier times what its bound is missed by, less lambda^2 / (2 alpha) where it may be", () => {
    /** w times the sum of the tokens, over 4. */
    const scaled: Trainable = {
      ...coin,
      parameters: { w: { shape: [], initializer: { kind: "ones" } } },
      loss: ({ w }, { tokens }) => {
        const total = mul(sum(tokens!), w!);
        return { loss: mul(total, 0.25), total, denominator: constant(4) };
      },
    };
    const inputs = {
      w: tensor([2], []),
      "multiplier.a": tensor([0.5], []),
      "multiplier.b": tensor([3], []),
      tokens: tensor([4, 6], [1, 1, 2]),
      "constraint/a/tokens": tensor([2, 6], [1, 1, 2]),
      "constraint/b/tokens": tensor([1, 1], [1, 1, 2]),
    };
    const of = (resilience?: number) => {
      const { trainable } = constrainedTraining({
        subject: scaled,
        constraints: [
          { name: "a", bound: 1, batches: always(1, 1) },
          { name: "b", bound: 2, batches: always(1, 1) },
        ],
        ...(resilience === undefined ? {} : { resilience }),
      });
      const graph = trace(inputs, (values) => {
        const { loss, total, denominator } = trainable.loss(values, values);
        const [a, b, w] = gradient(loss, [values["multiplier.a"], values["multiplier.b"], values.w]);
        return { loss, total, denominator, a: a!, b: b!, w: w! };
      });
      return Object.fromEntries(
        Object.entries(evaluateGraph(graph, inputs)).map(([name, { data }]) => [name, data[0]]),
      );
    };
    // 5 of the data, 4 and 1 of the constraints, which miss their bounds by 3 and -1. w's slope: (10 + .5 x 8 + 3 x 2) / 4.
    expect(of()).toEqual({ loss: 5 + 1.5 - 3, total: 4 * 3.5, denominator: 4, a: 3, b: -1, w: 5 });
    expect(of(2)).toEqual({ loss: 3.5 - 0.25 / 4 - 9 / 4, total: 4 * 1.1875, denominator: 4, a: 2.75, b: -2.5, w: 5 });
  });

  it("draws the data of each constraint, and what is random about them, from streams of their own", async () => {
    const keys: string[] = [];
    const noting: BatchSource = (_step, random) => {
      keys.push(JSON.stringify(random.state().key));
      return { tokens: tensor([1, 0], [1, 1, 2]) };
    };
    const seen: Trainable = {
      ...coin,
      inputs: ({ tokens }, random) => {
        keys.push(JSON.stringify(random.state().key));
        return { tokens };
      },
    };
    const constraints = ["a", "b"].map((name) => ({ name, bound: 1, batches: noting }));
    const { trainable, batches } = constrainedTraining({ subject: seen, constraints });
    trainable.inputs(await batches(noting)(1, createRandom(1)), createRandom(2));
    expect(keys).toHaveLength(6);
    expect(new Set(keys).size).toBe(6);
  });

  // 1 -> 16 -> 1, told the level; data at +1, a tenth at -1.
  const model: Model = (() => {
    const weight = (shape: number[]): ParameterSpec => ({ shape, initializer: { kind: "uniform", bound: 1 } });
    return {
      config: { kind: "perceptron" },
      tokenShape: [1],
      conditionFeatures: 0,
      parameters: { a: weight([24, 2]), b: weight([24]), c: weight([1, 24]), d: weight([1]) },
      apply: ({ a, b, c, d }, { tokens, noiseLevels, levelCount }) => {
        const level = reshape(mul(cast(noiseLevels, "float32"), 1 / levelCount), tokens.shape);
        return linear(tanh(linear(concat([tokens, level], 2), a!, b!)), c!, d!);
      },
    };
  })();
  const process = flowMatching({ levels: 50, objective: "x0", limit: { kind: "none" } });
  const diffusion = { model, process, lossWeighting: process.lossWeighting };
  const mixture =
    (minority: number): BatchSource =>
    (_step, random) => ({
      tokens: tensor(
        Float32Array.from({ length: 96 }, () => (random.uniform() < minority ? -1 : 1) + 0.1 * random.normal()),
        [96, 1, 1],
      ),
    });

  it.each([
    ["variance preserving", variancePreserving(cosineSchedule(50)), 1],
    ["a continuous Bayesian flow", bayesianFlow({ levels: 50 }), 1],
    ["a discrete Bayesian flow", discreteBayesianFlow({ categories: 3, levels: 50 }), 3],
  ])("binds a diffusion of any process: %s", async (_name, anyProcess, features) => {
    const small = transformer({ features, width: 8, layers: 1, heads: 1 });
    const subject = { model: small, process: anyProcess, lossWeighting: anyProcess.lossWeighting };
    const tokens = tensor(
      Float32Array.from({ length: 2 * features }, (_, i) => (i % features === 0 ? 1 : -1)),
      [1, 2, features],
    );
    const constraints = [{ name: "rare", bound: 0, batches: () => ({ tokens }) }];
    const { trainable, batches } = constrainedTraining({ subject, constraints });
    const given = { backend: referenceBackend(), batches: batches(() => ({ tokens })), steps: 3 };
    const { multipliers } = multipliersOf((await train(trainable, given)).state.parameters);
    expect(multipliers.rare).toBeGreaterThan(0);
  });

  it("resumes bit for bit, multipliers and all", async () => {
    const { trainable, batches } = constrainedTraining({
      subject: diffusion,
      constraints: [{ name: "minority", bound: 0.1, batches: mixture(1) }],
    });
    const options = { backend: referenceBackend(), batches: batches(mixture(0.1)), seed: 1 };
    const whole = await train(trainable, { ...options, steps: 4 });
    const half = await train(trainable, { ...options, steps: 2 });
    const rest = await train(trainable, { ...options, steps: 4, resume: half.state });
    expect(rest.state.parameters).toEqual(whole.state.parameters);
    expect(multipliersOf(whole.state.parameters).multipliers.minority).toBeGreaterThan(0);
  });

  it("refuses constraints without data, twice of a name, or none", async () => {
    const one = { name: "a", bound: 1, batches: mixture(1) };
    expect(() => constrainedTraining({ subject: diffusion, constraints: [] })).toThrow(/at least one constraint/);
    expect(() => constrainedTraining({ subject: diffusion, constraints: [one, one] })).toThrow(/share a name: a, a/);
    expect(() => constrainedTraining({ subject: diffusion, constraints: [{ ...one, name: ["a"] as never }] })).toThrow(
      /expected a name of letters/,
    );
    expect(() => constrainedTraining({ subject: diffusion, constraints: [{ ...one, bound: Number.NaN }] })).toThrow(
      /bound/,
    );
    const { trainable } = constrainedTraining({ subject: diffusion, constraints: [one] });
    const options = { backend: referenceBackend(), steps: 1 };
    await expect(train(trainable, { ...options, batches: mixture(1) })).rejects.toThrow(
      /no data of the constraint "a"/,
    );
    const empty = {
      ...one,
      batches: () => ({ tokens: { dtype: "float32", shape: [0, 1, 1], data: new Float32Array(0) } as never }),
    };
    const without = constrainedTraining({ subject: diffusion, constraints: [empty] });
    await expect(train(without.trainable, { ...options, batches: without.batches(mixture(1)) })).rejects.toThrow(
      /data of the constraint "a" are empty/,
    );
  });
});
