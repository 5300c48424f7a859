import * as v from "valibot";
import { breathe } from "../../engine/breathe.js";
import { check, schemas } from "../../engine/check.js";
import { describe } from "../../engine/describe.js";
import { DiffusionForcingError, throwIfAborted } from "../../engine/errors.js";
import { createRandom, type RandomStream } from "../../engine/random/index.js";
import { isNumberList } from "../../engine/typed-array-name.js";
import { pick } from "../speculation/categories.js";
import type { SequencePrior } from "./sequence-prior.js";
import { checkCodes, type SumCounts, type SumSupport } from "./sum-counts.js";

export interface SeparationOptions {
  /** Of the first and of the second source; both over the codes that were counted. */
  readonly priors: readonly [SequencePrior, SequencePrior];
  readonly counts: SumCounts;
  /** The mixture's codes. */
  readonly mixture: ArrayLike<number>;
  /**
   * "beam" keeps the best `beams` pairs of prefixes; "sample" draws pair after pair from their joint law given what was
   * drawn before and the mixture's code at their place, from the `topK` likeliest.
   */
  readonly search:
    | { readonly kind: "beam"; readonly beams: number }
    | { readonly kind: "sample"; readonly seed: number | RandomStream; readonly topK?: number };
  /** lambda: how much the mixture counts beside the priors. Default 1. */
  readonly likelihoodWeight?: number;
  readonly signal?: AbortSignal;
  /** Told how many places of how many are done. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** The codes of two sources. */
export interface Separation {
  readonly first: Int32Array;
  readonly second: Int32Array;
  /** log p1(first) + log p2(second) + lambda log L. */
  readonly score: number;
  /** Places whose mixture's code was never counted, where the priors alone decided. */
  readonly unheard: number;
}

const prior = schemas.having<SequencePrior>("a prior, as markovPrior() makes one", "categories", "logProbs");
const schema = v.strictObject({
  priors: v.strictTuple([prior, prior]),
  counts: schemas.having<SumCounts>("counted sums, a SumCounts", "categories", "support"),
  mixture: schemas.having<ArrayLike<number>>("a list of codes", "length"),
  search: v.variant("kind", [
    v.strictObject({ kind: v.literal("beam"), beams: schemas.integer(1, 1_000_000) }),
    v.strictObject({
      kind: v.literal("sample"),
      seed: v.custom<number | RandomStream>((value) => value !== undefined && value !== null, "a seed"),
      topK: v.optional(schemas.integer(1)),
    }),
  ]),
  likelihoodWeight: v.optional(schemas.number(0), 1),
  signal: v.optional(schemas.having<AbortSignal>("an AbortSignal", "aborted")),
  onProgress: v.optional(schemas.function<(done: number, total: number) => void>()),
});

/** A pair of prefixes, as the last pair of codes and what it follows. */
interface Hypothesis {
  readonly a: number;
  readonly b: number;
  readonly score: number;
  readonly before?: Hypothesis;
}

/**
 * Separates a sequence of codes into those of two sources (latent autoregressive source separation, Postolache et al.
 * 2023): pairs of codes are weighed by log p1 + log p2 + lambda log L, place by place, over the pairs that were ever heard
 * as the mixture's code. The priors may be anything that tells the law of a next symbol; nothing is trained here.
 *
 * A beam search finds the likeliest pair of sequences if its beam holds all pairs of prefixes that the future can tell
 * apart: of Markov chains of order 1, as many as pairs of codes. Drawing looks at no later code of the mixture, so it is
 * ancestral sampling and no exact draw of the posterior, as in the paper.
 *
 * Checked against the paper's public code: counting, its normalisation over m, and the score. That code's beam search takes
 * the wrong prefixes along; this is written from the definition, and held to brute force.
 *
 * @throws `invalid-argument` for priors of another alphabet, or too short; `invalid-data` for codes there are not, or
 *   a mixture that no pair of sequences explains; `aborted`
 */
export async function separate(options: SeparationOptions): Promise<Separation> {
  const { priors, counts, mixture, search, likelihoodWeight, signal, onProgress } = check("separate", schema, options);
  checkCodes("separate: the mixture", mixture, counts.categories);
  for (const [i, { categories, longest = Number.POSITIVE_INFINITY }] of priors.entries()) {
    if (categories === counts.categories && mixture.length <= longest + 1) continue;
    throw new DiffusionForcingError(
      "invalid-argument",
      `separate: prior ${i + 1} knows ${categories} symbols and sequences up to ${longest + 1}; expected ${counts.categories} symbols, as were counted, and ${mixture.length} places, as the mixture has.`,
    );
  }
  const random = search.kind === "sample" ? createRandom(search.seed) : undefined;
  let kept: readonly (Hypothesis | undefined)[] = [undefined];
  let unheard = 0;
  for (let t = 0; t < mixture.length; t++) {
    await breathe();
    throwIfAborted(signal);
    onProgress?.(t, mixture.length);
    const isHeard = counts.has(mixture[t] as number);
    if (!isHeard) unheard++;
    const support = isHeard ? counts.support(mixture[t] as number) : counts.everything();
    const extended = await extensions(priors, support, likelihoodWeight, kept);
    if (extended.length === 0) {
      throw new DiffusionForcingError(
        "invalid-data",
        `separate: no pair of sequences explains the mixture up to its code ${mixture[t]} at place ${t}: the priors rule out every pair that was counted for it. Count more sums, or smooth the priors.`,
      );
    }
    if (search.kind === "beam") kept = best(mergeAlike(priors, extended), search.beams);
    else kept = [drawn(extended, search.topK ?? extended.length, (random as RandomStream).split(t).uniform())];
  }
  const found = kept[0];
  const codes = lastPairs(found, Number.POSITIVE_INFINITY).reverse();
  return {
    first: Int32Array.from(codes, ([a]) => a),
    second: Int32Array.from(codes, ([, b]) => b),
    score: found?.score ?? 0,
    unheard,
  };
}

/** Every hypothesis with every pair after it; those that cannot be are left out. */
async function extensions(
  priors: SeparationOptions["priors"],
  { first, second, logLikelihoods }: SumSupport,
  weight: number,
  kept: readonly (Hypothesis | undefined)[],
): Promise<Hypothesis[]> {
  // No more of a prefix than its prior looks at.
  const prefixes = ({ order = Number.POSITIVE_INFINITY }: SequencePrior, source: 0 | 1): number[][] =>
    kept.map((hypothesis) => {
      return lastPairs(hypothesis, order)
        .map((pair) => pair[source])
        .reverse();
    });
  const ofFirst = await lawsAfter(priors, 0, prefixes(priors[0], 0));
  const ofSecond = await lawsAfter(priors, 1, prefixes(priors[1], 1));
  return kept.flatMap((before, i) => {
    const [p, q] = [ofFirst[i] as ArrayLike<number>, ofSecond[i] as ArrayLike<number>];
    const longer: Hypothesis[] = [];
    for (const [n, a] of first.entries()) {
      const b = second[n] as number;
      const gain = (p[a] as number) + (q[b] as number) + weight * (logLikelihoods[n] as number);
      const score = (before?.score ?? 0) + gain;
      if (score > Number.NEGATIVE_INFINITY) longer.push({ a, b, score, ...(before ? { before } : {}) });
    }
    return longer;
  });
}

/** What a prior says of the next symbol after each prefix. @throws `invalid-data` unless it is a law for each */
async function lawsAfter(
  priors: SeparationOptions["priors"],
  source: 0 | 1,
  prefixes: readonly (readonly number[])[],
): Promise<readonly ArrayLike<number>[]> {
  const prior = priors[source];
  const laws: readonly ArrayLike<number>[] = await prior.logProbs(prefixes);
  const isLaw = (row: unknown): boolean =>
    isNumberList(row) && row.length === prior.categories && row.every((x) => typeof x === "number" && !Number.isNaN(x));
  if (Array.isArray(laws) && prefixes.every((_, i) => isLaw(laws[i]))) return laws;
  throw new DiffusionForcingError(
    "invalid-data",
    `separate: prior ${source + 1} gave ${describe(laws)} for ${prefixes.length} prefixes; expected as many rows of ${prior.categories} log probabilities, none of them NaN.`,
  );
}

/** Of hypotheses whose futures are the same for both priors the best alone. */
function mergeAlike([p, q]: SeparationOptions["priors"], hypotheses: readonly Hypothesis[]): readonly Hypothesis[] {
  if (p.order === undefined || q.order === undefined) return hypotheses;
  const [first, second] = [p.order, q.order];
  const found = new Map<string, Hypothesis>();
  for (const hypothesis of hypotheses) {
    const last = lastPairs(hypothesis, Math.max(first, second));
    const key = `${last.slice(0, first).map(([a]) => a)};${last.slice(0, second).map(([, b]) => b)}`;
    const known = found.get(key);
    if (known === undefined || known.score < hypothesis.score) found.set(key, hypothesis);
  }
  return [...found.values()];
}

function best(hypotheses: readonly Hypothesis[], count: number): readonly Hypothesis[] {
  return [...hypotheses].sort((a, b) => b.score - a.score).slice(0, count);
}

function drawn(hypotheses: readonly Hypothesis[], topK: number, share: number): Hypothesis {
  const candidates = best(hypotheses, topK);
  const weights = candidates.map(({ score }) => Math.exp(score - (candidates[0] as Hypothesis).score));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const shares = weights.map((weight) => weight / total);
  return candidates[pick(shares, share)] as Hypothesis;
}

/** The last pairs, the latest first; none of the prefix without any. */
function lastPairs(hypothesis: Hypothesis | undefined, count: number): (readonly [number, number])[] {
  const pairs: (readonly [number, number])[] = [];
  for (let at = hypothesis; at !== undefined && pairs.length < count; at = at.before) {
    pairs.push([at.a, at.b]);
  }
  return pairs;
}
