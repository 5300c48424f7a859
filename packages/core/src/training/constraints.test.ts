import { describe, expect, it } from "vitest";
import { gradient } from "../engine/autodiff/index.js";
import { constant, mul, sum } from "../engine/graph/operations.js";
import { trace } from "../engine/graph/trace.js";
import { createRandom } from "../engine/random/index.js";
import { evaluateGraph, referenceBackend } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { transformer } from "../models/transformer/index.js";
import { bayesianFlow } from "../process/bayesian-flow/continuous.js";
import { discreteBayesianFlow } from "../process/bayesian-flow/discrete.js";
import { discretizedBayesianFlow } from "../process/bayesian-flow/discretized.js";
import { edm } from "../process/gaussian/edm.js";
import { flowMatching } from "../process/gaussian/flow-matching.js";
import { cosineSchedule } from "../process/gaussian/schedule.js";
import { variancePreserving } from "../process/gaussian/variance-preserving.js";
import { tokenPrediction } from "../process/token-prediction/token-prediction.js";
import { always, coin } from "../testing/fixtures/coin.js";
import { perceptron, twoPoints } from "../testing/fixtures/perceptron.js";
import type { BatchSource } from "./batch.js";
import { constrainedTraining, multipliersOf } from "./constraints.js";
import { train } from "./train.js";
import type { Trainable } from "./trainable.js";

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

  it("shows the subject its own inputs only, those of a constraint from copies", () => {
    const buffer = tensor([0, 0], [1, 1, 2]);
    const seen: string[][] = [];
    const reusing: Trainable = {
      ...coin,
      inputs: ({ tokens }) => {
        buffer.data.set(tokens.data);
        return { tokens: buffer };
      },
      loss: (parameters, inputs) => {
        seen.push(Object.keys(inputs));
        return coin.loss(parameters, inputs);
      },
    };
    const constraints = ["a", "b"].map((name) => ({ name, bound: 1, batches: always(1, 1) }));
    const { trainable } = constrainedTraining({ subject: reusing, constraints });
    const one = (...law: [number, number]) => ({ tokens: tensor(law, [1, 1, 2]) });
    const batch = { ...one(1, 2), constraints: { a: one(3, 4), b: one(5, 6) } };
    const inputs = trainable.inputs(batch, createRandom(1));
    expect(Object.entries(inputs).map(([name, { data }]) => [name, ...data])).toEqual([
      ["tokens", 1, 2],
      ["constraint/a/tokens", 3, 4],
      ["constraint/b/tokens", 5, 6],
    ]);
    const multipliers = { "multiplier.a": tensor([1], []), "multiplier.b": tensor([1], []) };
    trace({ ...inputs, ...multipliers, logits: tensor([0, 0], [1, 1, 2]) }, ({ logits, ...values }) => {
      const given = Object.fromEntries(Object.entries(values).filter(([name]) => !name.startsWith("multiplier")));
      return { loss: trainable.loss({ ...values, logits } as never, given).loss };
    });
    expect(seen).toEqual([["tokens"], ["tokens"], ["tokens"]]);
  });

  it("tells what it is a run of, and which of the weights are multipliers", () => {
    const constraints = [{ name: "rare", bound: 0.5, batches: always(0, 1) }];
    const { trainable } = constrainedTraining({ subject: coin, constraints, resilience: 2 });
    expect(trainable.config).toEqual({
      kind: "constrained",
      rate: 0.1,
      resilience: 2,
      constraints: [{ name: "rare", bound: 0.5 }],
      subject: { kind: "coin" },
    });
    expect(trainable.parameters).toEqual({
      logits: coin.parameters.logits,
      "multiplier.rare": { shape: [], initializer: { kind: "zeros" }, ascent: 0.1 },
    });
    const logits = tensor([1, 2], [1, 1, 2]);
    expect(multipliersOf({ logits, "multiplier.rare": tensor([0.25], []) })).toEqual({
      multipliers: { rare: 0.25 },
      weights: { logits },
    });
  });

  it.each<[object, string]>([
    [{ subject: null }, "subject is null; expected a diffusion"],
    [{ subject: 1 }, "subject is 1; expected a diffusion"],
    [{ subject: {} }, "expected a diffusion"],
    [{ rate: 0 }, "rate is 0; expected a positive number"],
    [{ resilience: 0 }, "resilience is 0; expected a positive number"],
    [{ constraints: "ab" }, "at least one constraint"],
    [{ constraints: { length: 1 } }, "at least one constraint"],
    [{ constraints: [{ name: "a", bound: 1 }] }, "batches is missing"],
    [{ constraints: [{ name: "a", bound: 1, batches: 1 }] }, "batches is 1; expected a function"],
    [{ multipliers: 1 }, "there is no option multipliers"],
    ...["", "/a", "a/", "a b", "x".repeat(65)].map((name): [object, string] => [
      { constraints: [{ name, bound: 1, batches: always(1, 1) }] },
      "expected a name of letters, digits and - _",
    ]),
  ])("refuses %j", (options, message) => {
    const constraints = [{ name: `a-_9${"x".repeat(60)}`, bound: -1, batches: always(1, 1) }];
    expect(() => constrainedTraining({ subject: coin, constraints })).not.toThrow();
    expect(() => constrainedTraining({ subject: coin, constraints, ...options } as never)).toThrow(message);
  });

  it.each([{}, { tokens: undefined }, { tokens: { dtype: "float32", shape: [1, 1, 1] } }])(
    "refuses the batch %j of a constraint as what it is trained on does",
    (own) => {
      const constraints = [{ name: "a", bound: 1, batches: always(1, 1) }];
      const { trainable } = constrainedTraining({ subject: diffusion, constraints });
      const batch = { tokens: tensor([1], [1, 1, 1]), constraints: { a: own } };
      expect(() => trainable.checkBatch(batch as never)).toThrow(/The batch's "tokens" is .*expected a tensor/);
    },
  );

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

  const process = flowMatching({ levels: 50, objective: "x0", limit: { kind: "none" } });
  const diffusion = { model: perceptron(24), process, lossWeighting: process.lossWeighting };
  /** Data at +1, a share at -1. */
  const mixture = (minority: number) => twoPoints(96, minority);

  it.each([
    ["variance preserving", variancePreserving(cosineSchedule(50)), 1, 1],
    ["EDM", edm({ levels: 50 }), 1, 1],
    ["a continuous Bayesian flow", bayesianFlow({ levels: 50 }), 1, 1],
    ["a discretised Bayesian flow", discretizedBayesianFlow({ bins: 4, levels: 50 }), 1, 2],
    ["a discrete Bayesian flow", discreteBayesianFlow({ categories: 3, levels: 50 }), 3, 3],
    ["recurrent token prediction", tokenPrediction({ codebook: [[1], [-1]], schedule: cosineSchedule(50) }), 1, 2],
  ])("binds a diffusion of any process: %s", async (_name, anyProcess, features, outputs) => {
    const small = transformer({ features, outputs, width: 8, layers: 1, heads: 1 });
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
    const absent = constrainedTraining({ subject: diffusion, constraints: [{ ...one, batches: () => null as never }] });
    await expect(train(absent.trainable, { ...options, batches: absent.batches(mixture(1)) })).rejects.toThrow(
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
