import { solvePositive } from "./baselines.js";
import type { SeriesTokens } from "./tokens.js";

/** Tokens of variance 1 that count beside those of the context in how far its series go just now. */
const PRIOR_TOKENS = 10;

/** How far each series goes from `first` on: the deviation of its known tokens, drawn towards 1. */
function sizesOf({ values, noise }: SeriesTokens, width: number, first: number): number[] {
  return Array.from({ length: width }, (_, c) => {
    let [count, squares] = [PRIOR_TOKENS, PRIOR_TOKENS];
    for (let at = first * width + c; at < noise.length; at += width) {
      if (noise[at] !== 0) continue;
      count++;
      squares += (values[at] as number) ** 2;
    }
    return Math.sqrt(squares / count);
  });
}

/**
 * What the other series of the same moment say of a token that is missing or doubtful: the posterior of normal tokens with
 * these correlations, as large as those from `first` on, given every token as a measurement with its own error, written as
 * one measurement again: of tokens of variance 1, a posterior of mean m and variance v is that of the value m / (1 - v)
 * with an error of variance v / (1 - v).
 */
export function withCompanions(
  tokens: SeriesTokens,
  correlation: readonly Float64Array[],
  first: number,
): SeriesTokens {
  const width = correlation.length;
  const sizes = sizesOf(tokens, width, first);
  const size = (c: number): number => sizes[c] as number;
  const values = tokens.values.slice();
  const noise = tokens.noise.slice();
  for (let at = first * width; at < noise.length; at += width) {
    const errors = sizes.map((unit, c) => (tokens.noise[at + c] as number) / unit);
    if (errors.every((error) => error === 0)) continue;
    const seen = Array.from(errors.keys()).filter((c) => Number.isFinite(errors[c]));
    if (seen.length === 0) continue;
    const gram = seen.map((i) =>
      Float64Array.from(seen, (j) => (correlation[i]?.[j] as number) + (i === j ? (errors[i] as number) ** 2 : 0)),
    );
    const cross = seen.map((i) => correlation[i] as Float64Array);
    const weights = solvePositive(gram, cross);
    for (let c = 0; c < width; c++) {
      if (errors[c] === 0) continue;
      let [mean, share] = [0, 0];
      for (const [k, i] of seen.entries()) {
        const weight = weights[k]?.[c] as number;
        mean += (weight * (tokens.values[at + i] as number)) / size(i);
        share += weight * (correlation[i]?.[c] as number);
      }
      if (share < 1e-6) continue;
      const known = Math.min(share, 1 - 1e-9);
      values[at + c] = (size(c) * mean) / known;
      noise[at + c] = size(c) * Math.sqrt(1 / known - 1);
    }
  }
  return { values, noise };
}
