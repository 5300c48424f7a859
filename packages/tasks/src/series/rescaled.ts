import type { Bundle } from "@diffusion-forcing/core";
import { DiffusionForcingError } from "@diffusion-forcing/core";
import { fittedTo } from "./fitted.js";
import { type Representation, seriesOfBundle } from "./record.js";
import { checkTable, type SeriesTable } from "./table.js";

/**
 * A model for series that it was not trained on: each of the table's columns is read as the model's column in the same
 * place, its tokens normalised by its own numbers; they go together as this table's do. What the model learned of the shape of changes carries over, what it
 * learned of their size does not. Where the model counts changes of logarithms and a value is not above 0, differences
 * stand for them.
 *
 * @throws `invalid-data` for another number of columns, and for a series that never changes; `invalid-config` for a
 *   bundle of another task
 */
export function rescaledTo(bundle: Bundle, table: SeriesTable): Bundle {
  checkTable("rescaledTo: the table", table);
  const { record } = seriesOfBundle(bundle);
  const { columns } = table;
  if (columns.length !== record.columns.length) {
    throw new DiffusionForcingError(
      "invalid-data",
      `The table has ${columns.length} columns; the model reads ${record.columns.length}.`,
    );
  }
  const isPositive = table.values.every((value) => Number.isNaN(value) || value > 0);
  const { representation: own } = record;
  const representation: Representation = own === "log-return" && !isPositive ? "difference" : own;
  const fitted = fittedTo({ ...record, columns, representation }, table);
  return { ...bundle, codec: fitted.normalization, task: fitted.record };
}
