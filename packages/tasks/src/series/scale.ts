import { type Normalization, normalizationCodec } from "@diffusion-forcing/core/bundle";
import type { SeriesRecord } from "./record.js";
import { rowCount, type SeriesTable } from "./table.js";
import { type SeriesTokens, tokensOfTable } from "./tokens.js";

/** Tokens of variance 1 that count beside those that are known, so that a series that stands still has a unit too. */
const PRIOR_TOKENS = 1;

/**
 * How far a column goes before row `end`: of its tokens in the last rows of each span the deviation, drawn towards that of
 * all, 1, and of the spans the geometric mean. The sum of the n changes in a gap counts as each of them having an n-th of
 * its square. Short and long spans, as how far changes go persists for days and for years (Corsi 2009, "A simple
 * approximate long-memory model of realized volatility").
 */
export function scaleBefore(
  { scaleRows, columns }: Pick<SeriesRecord, "scaleRows" | "columns">,
  { values, noise }: SeriesTokens,
  end: number,
  column: number,
): number {
  const logarithms = scaleRows.map((span) => {
    let [count, squares] = [PRIOR_TOKENS, PRIOR_TOKENS];
    for (let row = Math.max(0, end - span); row < end; row++) {
      const at = row * columns.length + column;
      const error = noise[at] as number;
      if (error === Number.POSITIVE_INFINITY) continue;
      count++;
      squares += (values[at] as number) ** 2 / (1 + error * error);
    }
    return Math.log(squares / count) / 2;
  });
  return Math.exp(logarithms.reduce((sum, x) => sum + x, 0) / Math.max(1, logarithms.length));
}

/** A model's normalisation in the units of the last rows of a table. */
export function normalizationNow(
  record: Pick<SeriesRecord, "scaleRows" | "columns" | "representation">,
  normalization: Normalization,
  table: SeriesTable,
): Normalization {
  if (record.scaleRows.length === 0) return normalization;
  const { mean, std } = normalization.config;
  const tokens = tokensOfTable(record, normalization, table);
  const scaled = std.map((unit, column) => unit * scaleBefore(record, tokens, rowCount(table), column));
  return normalizationCodec({ mean: [...mean], std: scaled });
}
