import { DiffusionForcingError } from "@diffusion-forcing/core";
import { type Normalization, normalizationCodec } from "@diffusion-forcing/core/bundle";
import type { Representation } from "./record.js";
import type { SeriesTable } from "./table.js";
import { representTable } from "./tokens.js";

/**
 * Mean and deviation of every series over what is known of it. Changes keep their mean: their drift is as a rule far
 * smaller than can be told from chance, and one that was only luck would be forecast for ever.
 *
 * @throws `invalid-data` for a series without two different values
 */
export function fitSeriesNormalization(representation: Representation, table: SeriesTable): Normalization {
  const width = table.columns.length;
  const { values, gap } = representTable(representation, table);
  const numbers = table.columns.map((column, c) => {
    let [count, sum, squares] = [0, 0, 0];
    for (let i = c; i < values.length; i += width) {
      if (gap[i] !== 0) continue;
      count++;
      sum += values[i] as number;
    }
    const mean = representation === "level" ? sum / count : 0;
    for (let i = c; i < values.length; i += width) if (gap[i] === 0) squares += ((values[i] as number) - mean) ** 2;
    const std = Math.sqrt(squares / count);
    if (std > 0 && Number.isFinite(std)) return { mean, std };
    const why = count === 0 ? "has no values that follow each other" : "never changes";
    throw new DiffusionForcingError(
      "invalid-data",
      `Column ${column} ${why}; leave it out, nothing of it can be learned.`,
    );
  });
  return normalizationCodec({ mean: numbers.map(({ mean }) => mean), std: numbers.map(({ std }) => std) });
}
