import { describe, expect, it } from "vitest";
import { exp, neg, slice } from "../engine/graph/operations.js";
import { trace } from "../engine/graph/trace.js";
import { createRandom } from "../engine/random/index.js";
import { evaluateGraph, referenceBackend } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { cpHead, initializeParameters, nextSymbols, transformer } from "../models/index.js";
import { checkLaw } from "../testing/law.js";
import { chiSquare } from "../testing/statistics.js";
import { multiTokenTraining } from "../training/multi-token.js";
import { train } from "../training/train.js";
import { sampleSymbols } from "./multi-token.js";
import { pick } from "./speculation/categories.js";

const [categories, ahead] = [4, 3];
const head = cpHead({ categories, ahead, rank: 3 });
const model = transformer({ features: categories, outputs: head.outputs, width: 16, layers: 1, heads: 2 });
// Steeper than fresh weights are, so that the laws differ much.
const parameters = Object.fromEntries(
  Object.entries(initializeParameters(model, createRandom(2))).map(([name, value]) => [
    name,
    name === "output.weight"
      ? tensor(
          value.data.map((x) => 4 * x),
          value.shape,
        )
      : value,
  ]),
);
/** All 64 sequences of three symbols, as tokens. */
const sequences = Array.from({ length: 64 }, (_, i) => [Math.floor(i / 16), Math.floor(i / 4) % 4, i % 4]);
const tokens = tensor(
  sequences.flatMap((symbols) => symbols.flatMap((symbol) => [0, 1, 2, 3].map((k) => (k === symbol ? 1 : -1)))),
  [64, 3, 4],
);

describe("sampleSymbols", () => {
  it("has a joint law that adds up to 1", () => {
    const inputs = { ...parameters, tokens };
    const oneHot = tensor(
      tokens.data.map((x) => (x + 1) / 2),
      [64, 1, 3, 4],
    );
    const { shares } = evaluateGraph(
      trace({ ...inputs, oneHot }, ({ tokens: all, oneHot: truth, ...values }) => {
        const law = head.law(nextSymbols(model, values as never, all));
        const first = { weights: slice(law.weights, 1, 0, 1), symbols: slice(law.symbols, 1, 0, 1) };
        return { shares: exp(neg(head.surprise(first, truth))) };
      }),
      { ...inputs, oneHot },
    );
    expect(Array.from(shares!.data).reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
  });

  it("draws the law of one symbol after the other, whatever is drafted", async ({ task }) => {
    // The exact law: the first symbol's marginal at each place.
    const given = { ...parameters, tokens };
    const { weights, symbols } = evaluateGraph(
      trace(given, ({ tokens: all, ...values }) => {
        const law = head.law(nextSymbols(model, values as never, all));
        return { weights: exp(law.weights), symbols: exp(law.symbols) };
      }),
      given,
    );
    const joint = sequences.map((sequence, i) =>
      sequence.reduce((product, symbol, t) => {
        const shares = [0, 1, 2].map((a) => {
          const row = (i * 3 + t) * 3 + a;
          return weights!.data[row]! * symbols!.data[row * ahead * categories + symbol]!;
        });
        return product * shares.reduce((sum, share) => sum + share, 0);
      }, 1),
    );
    const total = joint.reduce((sum, share) => sum + share, 0);
    expect(total).toBeCloseTo(1, 4);
    const count = 6000;
    const options = { backend: referenceBackend(), model, head, parameters, batch: count, length: 3 };
    const countsOf = (data: ArrayLike<number>): number[] => {
      const counts = new Array<number>(64).fill(0);
      for (let b = 0; b < count; b++) counts[16 * data[3 * b]! + 4 * data[3 * b + 1]! + data[3 * b + 2]!]!++;
      return counts;
    };
    // Cells that expect few are joined.
    const fit = (counts: readonly number[]): number => {
      const rare = joint.map((share) => share * count < 8);
      const merge = (values: readonly number[]) => [
        ...values.filter((_, i) => !rare[i]),
        values.filter((_, i) => rare[i]).reduce((sum, value) => sum + value, 0),
      ];
      return chiSquare(merge(counts), merge(joint.map((share) => share / total)));
    };
    const speculated = await sampleSymbols({ ...options, seed: 5 });
    const plain = await sampleSymbols({ ...options, seed: 6, speculate: false });
    // The head's own joint law: what comes out if every draft is kept.
    const drafted = new Int32Array(count * 3);
    const random = createRandom(7);
    for (let b = 0; b < count; b++) {
      const term = pick(
        [0, 1, 2].map((a) => weights!.data[a]!),
        random.uniform(),
      );
      for (let s = 0; s < 3; s++) {
        const first = (term * ahead + s) * categories;
        drafted[3 * b + s] = pick(Array.from(symbols!.data.slice(first, first + 4)), random.uniform());
      }
    }
    expect(plain.calls).toBe(3);
    expect(fit(countsOf(plain.symbols.data))).toBeGreaterThan(1e-3);
    checkLaw(task, {
      law: "Self-speculative decoding of a CP head draws exactly the law of one symbol after the other",
      statistic: "p, chi-square, 6000 sequences of 3 symbols of 4",
      found: fit(countsOf(speculated.symbols.data)),
      within: [1e-3, 1],
      broken: { "every draft is kept": fit(countsOf(drafted)) },
    });
  });

  it("decides several symbols in a run where the head is right", async () => {
    // The same symbol for ever, after a first one by chance.
    const two = cpHead({ categories: 4, ahead: 4, rank: 4 });
    const small = transformer({ features: 4, outputs: two.outputs, width: 16, layers: 1, heads: 2 });
    const trained = await train(multiTokenTraining({ model: small, head: two }), {
      backend: referenceBackend(),
      batches: (_step, random) => {
        const drawn = Array.from({ length: 16 }, () => random.integer(0, 4));
        const data = drawn.flatMap((symbol) => Array.from({ length: 32 }, (_, i) => (i % 4 === symbol ? 1 : -1)));
        return { tokens: tensor(data, [16, 8, 4]) };
      },
      steps: 250,
      optimizer: { learningRate: 1e-2 },
      emaDecay: 0.9,
    });
    const options = {
      backend: referenceBackend(),
      model: small,
      head: two,
      parameters: trained.parameters,
      length: 8,
      seed: 1,
    };
    const [fast, slow] = [await sampleSymbols(options), await sampleSymbols({ ...options, speculate: false })];
    expect(slow.calls).toBe(8);
    expect(fast.calls).toBeLessThanOrEqual(4);
  });

  it.each<[object, string]>([
    [{ model: transformer({ features: 4 }) }, "outputs: 39, causal: true"],
    [{ head: {} }, "head is an object; expected a head"],
    [{ parameters: {} }, "is missing"],
    [{ batch: 0 }, "batch is 0; expected a whole number from 1"],
    [{ length: 0 }, "length is 0; expected a whole number from 1"],
    [{ seed: null }, "seed"],
    [{ speculate: 1 }, "speculate is 1"],
    [{ temperature: 1 }, "there is no option temperature"],
  ])("refuses %o", async (wrong, message) => {
    const options = { backend: referenceBackend(), model, head, parameters, length: 2, seed: 1 };
    await expect(sampleSymbols({ ...options, ...wrong } as never)).rejects.toThrow(message);
  });
});
