import { expect, it } from "vitest";
import { createRandom } from "../../engine/random/index.js";
import { referenceBackend } from "../../engine/reference/index.js";
import { cpHead } from "../../models/cp-head.js";
import { initializeParameters } from "../../models/parameters.js";
import { transformer } from "../../models/transformer/index.js";
import { type NextSymbols, symbolChain } from "../../testing/oracles/symbol-chain.js";
import { separate } from "./separate.js";
import { SumCounts } from "./sum-counts.js";
import { symbolPrior } from "./symbol-prior.js";

const backend = referenceBackend();

it("is the law of the head's first symbol, whatever terms it is mixed of and whatever follows", async () => {
  const head = cpHead({ categories: 3, ahead: 2, rank: 2 });
  // .2 of the first term and .8 of the second; their second symbols say something else.
  const mixed = (first: readonly number[], second: readonly number[]): NextSymbols => ({
    weights: [0.2, 0.8],
    symbols: [
      [first, [1, 0, 0]],
      [second, [0, 0, 1]],
    ],
  });
  const before = mixed([0.5, 0.5, 0], [0, 0.25, 0.75]);
  const even = [1 / 3, 1 / 3, 1 / 3];
  const after = [mixed(even, even), mixed([1, 0, 0], [0.5, 0.5, 0]), mixed(even, even)];
  const model = symbolChain(head, before, after);
  const prior = symbolPrior({ backend, model, head, parameters: {}, length: 3 });
  const laws = async (prefix: number[]) =>
    (await prior.logProbs([prefix])).flatMap((row) => Array.from(row, (log) => Math.round(1e6 * Math.exp(log)) / 1e6));
  expect([prior.categories, prior.longest]).toEqual([3, 2]);
  expect(await laws([])).toEqual([0.1, 0.3, 0.6]);
  expect(await laws([0, 1])).toEqual([0.6, 0.4, 0]);
});

it("separates what counts up from what counts down, of which only the sum is heard", async () => {
  const head = cpHead({ categories: 3 });
  /** 0 1 2 0 1 2 ... upwards, or downwards, from any start. */
  const counting = (step: number) => {
    const row = (of: (k: number) => number): NextSymbols => ({ weights: [1], symbols: [[[0, 1, 2].map(of)]] });
    const next = [0, 1, 2].map((symbol) => row((k) => (k === (symbol + step) % 3 ? 0.98 : 0.01)));
    const model = symbolChain(
      head,
      row(() => 1 / 3),
      next,
    );
    return symbolPrior({ backend, model, head, parameters: {}, length: 6 });
  };
  const priors = [counting(1), counting(2)] as const;
  // Sums modulo 3 are always alike: 0 + 2, 1 + 1, 2 + 0. A place at which 0 and 2 are told apart settles all others.
  const counts = new SumCounts(3);
  counts.add([0, 1, 2], [2, 1, 0], [2, 2, 2]);
  counts.add([0, 1, 2], [2, 1, 0], [2, 2, 0]);
  const { first, second } = await separate({
    priors,
    counts,
    mixture: [2, 2, 0, 2, 2, 2],
    search: { kind: "beam", beams: 9 },
  });
  expect([[...first], [...second]]).toEqual([
    [0, 1, 2, 0, 1, 2],
    [2, 1, 0, 2, 1, 0],
  ]);
  for (const prior of priors) await prior.dispose();
});

it("refuses models that do not fit, prefixes that are too long, and symbols there are not", async () => {
  const head = cpHead({ categories: 3 });
  const model = transformer({ features: 3, outputs: head.outputs, width: 8, layers: 1, heads: 1 });
  const parameters = initializeParameters(model, createRandom(1));
  const prior = symbolPrior({ backend, model, head, parameters, length: 3 });
  expect(prior.longest).toBe(2);
  expect(await prior.logProbs([[], []])).toHaveLength(2);
  await expect(prior.logProbs([[0, 1, 2]])).rejects.toThrow("expected one length, at most 2");
  await expect(prior.logProbs([[0], [0, 1]])).rejects.toThrow("prefixes of 1 and 2 symbols");
  await expect(prior.logProbs([[3]])).rejects.toThrow("there is no code 3");
  await expect(prior.logProbs(null as never)).rejects.toThrow("the prefixes are null; expected a list of lists");
  await expect(prior.logProbs([null] as never)).rejects.toThrow("the codes are null; expected a list");
  expect(await prior.logProbs([])).toEqual([]);
  const other = cpHead({ categories: 4 });
  expect(() => symbolPrior({ backend, model, head: other, parameters, length: 3 })).toThrow("expected features: 4");
  expect(() => symbolPrior({ backend, model, head, parameters: {}, length: 3 })).toThrow("missing");
  const odd = { ...model, config: { ...model.config, causal: { toString: 1 } } };
  expect(() => symbolPrior({ backend, model: odd, head, parameters, length: 3 })).toThrow("expected features");
  expect(() => symbolPrior({ backend, model, head, parameters, length: 0 })).toThrow("length is 0");
});
