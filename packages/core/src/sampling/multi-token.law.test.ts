import { expect, it } from "vitest";
import { createRandom } from "../engine/random/index.js";
import { referenceBackend } from "../engine/reference/index.js";
import { cpHead } from "../models/cp-head.js";
import { checkLaw } from "../testing/law.js";
import { type NextSymbols, symbolChain } from "../testing/oracles/symbol-chain.js";
import { chiSquare } from "../testing/statistics.js";
import { sampleSymbols } from "./multi-token.js";
import { pick } from "./speculation/categories.js";

const [categories, ahead, rank, count] = [3, 3, 2, 6000];
const head = cpHead({ categories, ahead, rank });
const random = createRandom(2);
/** Shares from .1 upwards, so that no sequence is too rare to count. */
const shares = (of: number): number[] => {
  const weights = Array.from({ length: of }, () => 0.3 + random.uniform());
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
};
const drawn = (): NextSymbols => ({
  weights: shares(rank),
  symbols: Array.from({ length: rank }, () => Array.from({ length: ahead }, () => shares(categories))),
});
const first = drawn();
const after = [drawn(), drawn(), drawn()];
const model = symbolChain(head, first, after);

/** The law of the first symbol alone. */
const marginal = ({ weights, symbols }: NextSymbols, symbol: number): number =>
  weights.reduce((sum, weight, a) => sum + weight * symbols[a]![0]![symbol]!, 0);
/** Of all 27 sequences of three symbols, one symbol after the other. */
const joint = Array.from({ length: 27 }, (_, i) => {
  const [x, y, z] = [Math.floor(i / 9), Math.floor(i / 3) % 3, i % 3];
  return marginal(first, x) * marginal(after[x]!, y) * marginal(after[y]!, z);
});

function fit(symbols: ArrayLike<number>): number {
  const counts = new Array<number>(27).fill(0);
  for (let b = 0; b < count; b++) counts[9 * symbols[3 * b]! + 3 * symbols[3 * b + 1]! + symbols[3 * b + 2]!]!++;
  return chiSquare(counts, joint);
}

/** Sequences by the head's own joint law: what comes out if every draft is kept. */
function everyDraftKept(): Int32Array {
  const all = new Int32Array(3 * count);
  for (let b = 0; b < count; b++) {
    const term = first.symbols[pick(first.weights, random.uniform())]!;
    for (let s = 0; s < 3; s++) all[3 * b + s] = pick(term[s]!, random.uniform());
  }
  return all;
}

it("symbols follow the law of one after the other, whatever is drafted", async ({ task }) => {
  const options = { backend: referenceBackend(), model, head, parameters: {}, batch: count, length: 3 };
  const plain = await sampleSymbols({ ...options, seed: 6, speculate: false });
  expect(fit(plain.symbols.data)).toBeGreaterThan(1e-3);
  checkLaw(task, {
    law: "Self-speculative decoding of a CP head draws exactly the law of one symbol after the other",
    statistic: "p, chi-square, 6000 sequences of 3 symbols of 3",
    found: fit((await sampleSymbols({ ...options, seed: 5 })).symbols.data),
    within: [1e-3, 1],
    broken: { "every draft is kept": fit(everyDraftKept()) },
  });
});
