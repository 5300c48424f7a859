import { describe, expect, it } from "vitest";
import { concat, constant, mul, sum } from "../engine/graph/operations.js";
import { trace } from "../engine/graph/trace.js";
import { evaluateGraph, referenceBackend } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { checkLaw } from "../testing/law.js";
import { train } from "../training/train.js";
import type { Trainable } from "../training/trainable.js";
import { cpHead } from "./cp-head.js";

const categories = 16;
/** Pairs (x, x) of every symbol, one-hot [16, 1, 2, 16]. */
const pairs = tensor(
  Array.from({ length: 16 * 2 * 16 }, (_, i) => (Math.floor(i / 32) === i % 16 ? 1 : 0)),
  [16, 1, 2, 16],
);
const lossOf = (output: Float32Array, rank: number): number => {
  const head = cpHead({ categories, ahead: 2, rank });
  const given = { output: tensor(output, [1, 1, head.outputs]), pairs };
  const { nats } = evaluateGraph(
    trace(given, ({ output: one, pairs: truth }) => {
      const law = head.law(
        concat(
          Array.from({ length: 16 }, () => one),
          0,
        ),
      );
      return { nats: head.surprise(law, truth) };
    }),
    given,
  );
  return Array.from(nats!.data).reduce((sum, value) => sum + value / 16, 0);
};

describe("cpHead", () => {
  it.for([
    [1, 5.545],
    [4, 4.159],
    [16, 2.773],
  ] as const)("of rank %d costs pairs of equal symbols at least %d nats", async ([rank, floor], { task }) => {
    expect(2 * Math.log(16) - Math.log(rank)).toBeCloseTo(floor, 3);
    const { outputs } = cpHead({ categories, ahead: 2, rank });
    // The best there is: each term has 16 / r symbols of its own.
    const best = new Float32Array(outputs).fill(-100).fill(0, 0, rank);
    for (let a = 0; a < rank; a++) {
      for (let s = 0; s < 2; s++) {
        for (let k = 0; k < 16; k++) if (k % rank === a) best[rank + (a * 2 + s) * 16 + k] = 0;
      }
    }
    expect(lossOf(best, rank)).toBeCloseTo(floor, 3);
    const found = await trained(rank);
    checkLaw(task, {
      law: `A CP head of rank ${rank} learns pairs of equal symbols of 16 to 2 log 16 - log ${rank} = ${floor} nats`,
      statistic: "nats per pair, 400 steps from random logits",
      found,
      within: [floor - 1e-3, floor + 0.25],
      broken: {
        "half as many terms, or terms of one symbol too many":
          rank === 1 ? lossOf(best, 1) + Math.log(2) : await trained(rank / 2),
      },
    });
  });

  it("knows how evenly its terms are used", () => {
    const head = cpHead({ categories: 2, rank: 2 });
    const given = { even: tensor([0, 0, 1, 2, 3, 4], [1, 1, 6]), one: tensor([50, 0, 1, 2, 3, 4], [1, 1, 6]) };
    const { even, one } = evaluateGraph(
      trace(given, (x) => ({ even: head.imbalance(head.law(x.even)), one: head.imbalance(head.law(x.one)) })),
      given,
    );
    expect([even!.data[0], one!.data[0]]).toEqual([expect.closeTo(0, 5), expect.closeTo(Math.log(2), 5)]);
  });

  it("measures it of the terms' weights on average over the places and the batch", () => {
    // Weights .25, .75 and .75, .25 of two places, .25, .75 of another sequence's: on average .4 and .6 with a fourth.
    const head = cpHead({ categories: 2, rank: 2 });
    const place = (a: number) => [Math.log(a), Math.log(1 - a), 0, 0, 0, 0];
    const given = { output: tensor([0.25, 0.75, 0.25, 0.35].flatMap(place), [2, 2, 6]) };
    const graph = trace(given, ({ output }) => ({ found: head.imbalance(head.law(output)) }));
    const { shape, data } = evaluateGraph(graph, given).found!;
    expect(shape).toEqual([]);
    expect(data[0]).toBeCloseTo(0.4 * Math.log(0.8) + 0.6 * Math.log(1.2), 5);
  });
});

/** The loss that free logits come to. */
async function trained(rank: number): Promise<number> {
  const head = cpHead({ categories, ahead: 2, rank });
  const logits: Trainable = {
    config: { kind: "logits" },
    tokenShape: [2, 16],
    parameters: { logits: { shape: [1, 1, head.outputs], initializer: { kind: "uniform", bound: 2 } } },
    checkBatch: () => undefined,
    inputs: ({ tokens }) => ({ tokens }),
    loss: (parameters, { tokens }) => {
      const law = head.law(
        concat(
          Array.from({ length: 16 }, () => parameters.logits!),
          0,
        ),
      );
      const nats = head.surprise(law, tokens!);
      const total = sum(nats);
      return { loss: mul(total, 1 / 16), total, denominator: constant(16) };
    },
  };
  const { losses } = await train(logits, {
    backend: referenceBackend(),
    batches: () => ({ tokens: pairs }),
    steps: 400,
    seed: 1,
    optimizer: { learningRate: 0.1, weightDecay: 0 },
    maxGradNorm: false,
    emaDecay: false,
  });
  return losses.at(-1) as number;
}
