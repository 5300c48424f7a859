import type { Normalization } from "@diffusion-forcing/core/bundle";
import { factorsOf } from "./dependence.js";
import { fitSeriesNormalization } from "./normalization.js";
import type { SeriesRecord } from "./record.js";
import type { SeriesTable } from "./table.js";
import { type SeriesTokens, tokensOfTable } from "./tokens.js";

/**
 * What a job takes from a table of its own columns: how far each series goes, and how they go together.
 *
 * @param job whose factors do not count.
 * @throws `invalid-data` for a series that never changes
 */
export function fittedTo(
  job: SeriesRecord,
  table: SeriesTable,
): { readonly record: SeriesRecord; readonly normalization: Normalization; readonly tokens: SeriesTokens } {
  const normalization = fitSeriesNormalization(job.representation, table);
  const tokens = tokensOfTable(job, normalization, table);
  // A row's values are learned together.
  const factors = job.tokens === "row" ? [] : factorsOf(tokens, job.columns.length, job);
  return { record: { ...job, factors }, normalization, tokens };
}
