import { DiffusionForcingError } from "@diffusion-forcing/core";
import type { Normalization } from "@diffusion-forcing/core/bundle";
import type { Representation, SeriesRecord } from "./record.js";
import type { SeriesTable } from "./table.js";

/** A table as tokens: one row of values each. */
export interface SeriesTokens {
  /** Normalised, float32 [F * C]; 0 where nothing is known. */
  readonly values: Float32Array;
  /**
   * How far to trust each, [F * C]: the deviation of its error in units of the token. 0: known; Infinity: nothing is
   * known. A token at level k is one with an error of sigma_k / alpha_k.
   */
  readonly noise: Float64Array;
}

/** What values are turned into before they are normalised. @throws `invalid-data` for a logarithm of what has none */
function represented(representation: Representation, table: SeriesTable): Float64Array {
  const width = table.columns.length;
  if (representation !== "log-return") return table.values;
  const bad = table.values.findIndex((value) => value <= 0);
  if (bad < 0) return table.values.map(Math.log);
  throw new DiffusionForcingError(
    "invalid-data",
    `Column ${table.columns[bad % width]}, row ${Math.floor(bad / width) + 1}: the value is ${table.values[bad]}; log returns need values above 0. Take --representation difference or level.`,
  );
}

/**
 * What a table is in the record's representation, not yet normalised, and the deviation of each number's error. Where
 * changes are counted and a gap of n steps lies between two values, only the sum of its n changes is known. Each of them,
 * were they independent and of variance 1, is then as well known as by a measurement of that sum with an error of
 * variance n - 1: that is, a token at a level in between.
 */
export function representTable(
  representation: Representation,
  table: SeriesTable,
): {
  readonly values: Float64Array;
  /** In units of the numbers; and in units of one step's deviation for what gaps leave open. */
  readonly error: Float64Array;
  readonly gap: Float64Array;
} {
  const width = table.columns.length;
  const levels = represented(representation, table);
  const relative = representation === "log-return";
  const error = Float64Array.from(levels, (_, i) => {
    const doubt = table.doubt?.[i] ?? 0;
    return relative && doubt > 0 ? doubt / (table.values[i] as number) : doubt;
  });
  const gap = new Float64Array(levels.length);
  const isKnown = (i: number): boolean => Number.isFinite(levels[i]) && Number.isFinite(error[i]);
  if (representation === "level") {
    return {
      values: levels.map((value, i) => (isKnown(i) ? value : 0)),
      error: error.map((value, i) => (isKnown(i) ? value : 0)),
      gap: gap.map((_, i) => (isKnown(i) ? 0 : Number.POSITIVE_INFINITY)),
    };
  }
  const changes = new Float64Array(levels.length);
  const changeError = new Float64Array(levels.length);
  gap.fill(Number.POSITIVE_INFINITY);
  for (let column = 0; column < width; column++) {
    let last = -1;
    for (let i = column; i < levels.length; i += width) {
      if (!isKnown(i)) continue;
      if (last >= 0) {
        const steps = (i - last) / width;
        for (let j = last + width; j <= i; j += width) {
          changes[j] = (levels[i] as number) - (levels[last] as number);
          changeError[j] = Math.hypot(error[i] as number, error[last] as number);
          gap[j] = Math.sqrt(steps - 1);
        }
      }
      last = i;
    }
  }
  return { values: changes, error: changeError, gap };
}

/** A table as the tokens of a model. */
export function tokensOfTable(
  { representation }: Pick<SeriesRecord, "representation">,
  { config: { mean, std } }: Normalization,
  table: SeriesTable,
): SeriesTokens {
  const width = table.columns.length;
  const { values, error, gap } = representTable(representation, table);
  return {
    values: Float32Array.from(values, (value, i) => {
      const column = i % width;
      const steps = (gap[i] as number) ** 2 + 1;
      return steps === Number.POSITIVE_INFINITY
        ? 0
        : (value - steps * (mean[column] as number)) / (std[column] as number);
    }),
    noise: gap.map((steps, i) => Math.hypot(steps, (error[i] as number) / (std[i % width] as number))),
  };
}

/** A value that changes are added up from. */
export interface Anchor {
  /** -1: the series has no value in its last rows. */
  readonly row: number;
  /** The deviation of its error. */
  readonly error: number;
}

/**
 * What each column's changes are added up from: its last value to rely on among the last `rows`, or where there is none
 * the last one that is known at all.
 */
export function anchorsOf({ columns, values, doubt }: SeriesTable, rows: number): Anchor[] {
  const width = columns.length;
  const last = values.length / width - 1;
  return columns.map((_, column) => {
    let known: Anchor = { row: -1, error: 0 };
    for (let row = last; row >= Math.max(0, last - rows); row--) {
      const error = doubt?.[row * width + column] ?? 0;
      if (!Number.isFinite(values[row * width + column]) || !Number.isFinite(error)) continue;
      if (error === 0) return { row, error };
      if (known.row < 0) known = { row, error };
    }
    return known;
  });
}

/** Tokens of a column as its values again; changes are added up from `start`. */
export function valuesOfTokens(
  { representation }: Pick<SeriesRecord, "representation">,
  { config: { mean, std } }: Normalization,
  column: number,
  tokens: ArrayLike<number>,
  start: number,
): Float64Array {
  let at = representation === "log-return" ? Math.log(start) : start;
  return Float64Array.from(tokens, (token) => {
    const value = token * (std[column] as number) + (mean[column] as number);
    if (representation === "level") return value;
    at += value;
    return representation === "log-return" ? Math.exp(at) : at;
  });
}
