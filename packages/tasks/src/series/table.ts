import { DiffusionForcingError } from "@diffusion-forcing/core";
import { check, schemas } from "@diffusion-forcing/core/backend";
import * as v from "valibot";
import { optionSchemas } from "../option-schemas.js";
import type { Frequency } from "./frequency.js";

/** Series side by side: rows are moments, in order, columns are series. */
export interface SeriesTable {
  /** Names of the C series. */
  readonly columns: readonly string[];
  /** [F * C], row by row; NaN where there is no value. */
  readonly values: Float64Array;
  /** When each row was, in milliseconds since 1970 (UTC), evenly spaced by the calendar. */
  readonly times?: Float64Array;
  /** How the times go on. Default: as they have gone. */
  readonly frequency?: Frequency;
  /**
   * [F * C]: the standard deviation of each value's error, in the data's unit. 0, the default, is a value to rely on,
   * Infinity one that says nothing, as a missing one does.
   */
  readonly doubt?: Float64Array;
}

/** Names of series, and moments that a date can be. */
export const seriesSchemas: {
  readonly columns: v.GenericSchema<readonly string[]>;
  readonly numbers: v.GenericSchema<Float64Array>;
  readonly times: v.GenericSchema<Float64Array | undefined>;
} = {
  columns: v.pipe(v.array(v.string("a name"), "names of series"), v.nonEmpty("at least one name")),
  numbers: optionSchemas.array("Float64Array"),
  times: v.optional(
    schemas.satisfying<Float64Array>(
      "a Float64Array of milliseconds since 1970",
      (value) => v.is(seriesSchemas.numbers, value) && value.every((time) => Math.abs(time) <= 8.64e15),
    ),
  ),
};

const tableSchema = v.object(
  {
    columns: seriesSchemas.columns,
    values: seriesSchemas.numbers,
    times: seriesSchemas.times,
    doubt: v.optional(seriesSchemas.numbers),
  },
  "a table, as readSeries() makes one",
);

/**
 * The check of a table wherever one comes in from outside: values, doubt and times are of the same rows.
 *
 * @throws `invalid-argument`, `shape-mismatch`
 */
export function checkTable(what: string, value: unknown): void {
  const { columns, values, times, doubt } = check(what, tableSchema, value);
  checkLength(`${what}: the values`, values, columns.length * Math.floor(values.length / columns.length));
  if (doubt) checkLength(`${what}: the doubt`, doubt, values.length);
  if (times) checkLength(`${what}: the times`, times, values.length / columns.length);
}

/** @throws `shape-mismatch` */
export function checkLength(what: string, { length }: Float64Array, expected: number): void {
  if (length === expected) return;
  throw new DiffusionForcingError(
    "shape-mismatch",
    `${what} are ${length} numbers; expected ${expected}, which go with its columns and rows.`,
  );
}

export function rowCount({ values, columns }: SeriesTable): number {
  return values.length / columns.length;
}

const rowsSchema = v.strictObject({ first: schemas.integer(0), end: schemas.integer(0) });

/** Rows `first` to below `end`, as many of them as there are. @throws as {@link checkTable} */
export function tableRows(table: SeriesTable, first: number, end: number): SeriesTable {
  checkTable("tableRows: the table", table);
  check("tableRows", rowsSchema, { first, end });
  const { columns, values, times, frequency, doubt } = table;
  const width = columns.length;
  return {
    columns,
    values: values.slice(first * width, end * width),
    ...(times ? { times: times.slice(first, end) } : {}),
    ...(frequency ? { frequency } : {}),
    ...(doubt ? { doubt: doubt.slice(first * width, end * width) } : {}),
  };
}

/**
 * The same table with the doubt of whole rows or columns, added to what it has: independent errors, whose variances add.
 *
 * @param doubt standard deviations in the data's unit by column name, or by row number, from 0.
 * @throws `invalid-argument`, for a column or a row that there is not too
 */
export function withDoubt(
  table: SeriesTable,
  doubt: { readonly columns?: Readonly<Record<string, number>>; readonly rows?: Readonly<Record<number, number>> },
): SeriesTable {
  checkTable("withDoubt: the table", table);
  const width = table.columns.length;
  const deviations = (names: readonly string[], expected: string) => {
    const known = new Set(names);
    const isKnown = (of: Readonly<Record<string, number>>): boolean => Object.keys(of).every((name) => known.has(name));
    return v.optional(v.pipe(v.record(v.string(), schemas.number(0)), v.check(isKnown, expected)));
  };
  const schema = v.strictObject({
    columns: deviations(table.columns, `names of the table's columns: ${table.columns.join(", ").slice(0, 300)}`),
    rows: deviations(
      Array.from({ length: rowCount(table) }, (_, row) => String(row)),
      `numbers of the table's rows, from 0 to ${rowCount(table) - 1}`,
    ),
  });
  check("withDoubt", schema, doubt);
  const own = Float64Array.from(table.values, (_, i) => {
    const parts = [
      table.doubt?.[i],
      doubt.columns?.[table.columns[i % width] as string],
      doubt.rows?.[Math.floor(i / width)],
    ];
    return Math.hypot(...parts.map((part) => part ?? 0));
  });
  return { ...table, doubt: own };
}
