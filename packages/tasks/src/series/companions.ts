import { solvePositive } from "./baselines.js";
import type { SeriesTokens } from "./tokens.js";

/** Beyond this many columns a correlation has more numbers than anybody has rows. */
const MOST_COLUMNS = 256;
/** Products of two columns that are added up: those of the last rows, less than a second's. */
const MOST_PRODUCTS = 2 ** 27;
/** Rows that correlations count as having been seen without any: few rows of one's own say little. */
const PRIOR_ROWS = 50;

/**
 * Second moments of the tokens of a moment between columns [C][C], from the rows that are wholly known, drawn towards
 * independence as if `PRIOR_ROWS` rows more had shown none; undefined where nothing can be said.
 */
export function companionsOf({ values, noise }: SeriesTokens, width: number): Float64Array[] | undefined {
  if (width < 2 || width > MOST_COLUMNS) return undefined;
  const moments = Array.from({ length: width }, () => new Float64Array(width));
  let count = 0;
  const rows = Math.min(noise.length / width, Math.ceil(MOST_PRODUCTS / width ** 2));
  for (let at = noise.length - rows * width; at < noise.length; at += width) {
    if (noise.subarray(at, at + width).some((error) => error > 0)) continue;
    count++;
    for (let i = 0; i < width; i++) {
      for (let j = 0; j < width; j++) moments[i]![j]! += (values[at + i] as number) * (values[at + j] as number);
    }
  }
  const size = (i: number): number => Math.sqrt(moments[i]?.[i] as number) || 1;
  const sizes = Array.from({ length: width }, (_, i) => size(i));
  return moments.map((row, i) =>
    row.map((moment, j) =>
      i === j ? 1 : ((count / (count + PRIOR_ROWS)) * moment) / ((sizes[i] as number) * (sizes[j] as number)),
    ),
  );
}

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
