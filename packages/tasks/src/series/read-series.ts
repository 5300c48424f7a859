import { check, describe, schemas } from "@diffusion-forcing/core/backend";
import * as v from "valibot";
import { checkFile } from "../option-schemas.js";
import type { OptionFile } from "../task-options.js";
import { type Cells, readCells, refuseData, type SeriesFormat } from "./cells.js";
import { after, inferFrequency, rowsBetween } from "./frequency.js";
import { textOf } from "./inflate.js";
import type { SeriesTable } from "./table.js";

export interface ReadSeriesOptions {
  /** Default: JSON lines where the text begins with a bracket, else separated values, whose delimiter is found. */
  readonly format?: SeriesFormat;
  /** Whether the first row names the columns. Default: if it holds anything but numbers, times and nothing. */
  readonly header?: boolean;
  /** Name of the column of times. Default: the first column of ISO dates, or one that is called time or date. */
  readonly time?: string;
  /** Whether values may be missing: empty cells, NaN, NA, null, and rows that are not there. Default false. */
  readonly missing?: boolean;
}

/** Far beyond any use: a file from elsewhere must not make its reader allocate without end. */
const MOST_CELLS = 2 ** 26;

const missingWords = new Set(["", "nan", "na", "n/a", "null", "none", "-"]);
const isMissing = (cell: string): boolean => missingWords.has(cell.toLowerCase());
/** In decimals: what JavaScript reads as a number beyond that, such as 0x10, is more likely a code. */
const isNumber = (cell: string): boolean =>
  /^[+-]?[\d.]/.test(cell) && !/^[+-]?0[xob]/i.test(cell) && Number.isFinite(Number(cell));

/** ISO 8601: a date, or a date and a time; without a zone it is taken as UTC. */
const isoTime =
  /^(\d{4})[-/](\d{1,2})(?:[-/](\d{1,2})(?:[T ](\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)(Z|[+-]\d{2}:?\d{2})?)?)?$/;
const timeNames = /^(time|date|timestamp|datetime|ds)$/i;

/** Milliseconds since 1970; numbers are seconds, or milliseconds where seconds would lie beyond the year 5000. NaN: none. */
function timeOf(cell: string): number {
  if (isNumber(cell)) return Math.abs(Number(cell)) > 1e11 ? Number(cell) : 1000 * Number(cell);
  const [, year, month, day = "1", time, zone = "Z"] = isoTime.exec(cell) ?? [];
  if (year === undefined || month === undefined) return Number.NaN;
  const two = (text: string): string => text.padStart(2, "0");
  const clock = time === undefined ? "00:00" : time.padStart(time.indexOf(":") === 1 ? time.length + 1 : 0, "0");
  const parsed = Date.parse(`${year}-${two(month)}-${two(day)}T${clock}${zone}`);
  // The 31st of June would become the 1st of July.
  return new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDate() === Number(day)
    ? parsed
    : Number.NaN;
}

const optionsSchema = v.strictObject({
  format: v.optional(schemas.choice("csv", "tsv", "jsonl")),
  header: v.optional(v.boolean("true or false")),
  time: v.optional(v.string("the name of a column")),
  missing: v.optional(v.boolean("true or false")),
});

/**
 * Reads series out of a file: CSV, TSV or JSON lines, plain or gzipped, with or without a header and a column of times.
 *
 * @throws `invalid-data` naming line and column: rows of different widths, what is no number, a missing value where none
 *   may be, times that do not rise or keep no step; `corrupt-file` for what is no text.
 */
export async function readSeries(file: OptionFile, options: ReadSeriesOptions = {}): Promise<SeriesTable> {
  checkFile("readSeries", file);
  const { name } = file;
  check("readSeries", optionsSchema, options);
  const cells = readCells(name, await textOf(file), options.format);
  const { names, rows } = withHeader(name, cells, options.header);
  if (rows.length === 0) refuseData(name, "there are no rows below the header");
  if (rows.length * names.length > MOST_CELLS) {
    refuseData(name, `${rows.length} rows of ${names.length} columns; expected at most ${MOST_CELLS} cells together`);
  }
  const time = timeColumn(name, names, rows, options.time);
  const columns = names.flatMap((_, i) => (i === time ? [] : [i]));
  if (columns.length === 0) refuseData(name, "there is no column besides the times");
  const values = new Float64Array(rows.length * columns.length);
  for (const [r, { line, cells: own }] of rows.entries()) {
    for (const [c, i] of columns.entries()) {
      values[r * columns.length + c] = numberOf(`${name}, line ${line}, column ${names[i]}`, own[i] as string, options);
    }
  }
  const table = { columns: columns.map((i) => names[i] as string), values };
  return time === undefined ? table : timed(name, table, rows, time, options.missing ?? false);
}

function withHeader(name: string, { rows, names }: Cells, header: boolean | undefined): Required<Cells> {
  if (names !== undefined) return { names: distinct(name, names), rows };
  const [first] = rows as readonly [Cells["rows"][number]];
  const isHeader =
    header ?? first.cells.some((cell) => !isNumber(cell) && !isMissing(cell) && Number.isNaN(timeOf(cell)));
  if (!isHeader) return { names: first.cells.map((_, i) => String(i + 1)), rows };
  return {
    names: distinct(
      name,
      first.cells.map((cell, i) => cell || String(i + 1)),
    ),
    rows: rows.slice(1),
  };
}

function distinct(name: string, names: readonly string[]): readonly string[] {
  const before = new Set<string>();
  const twice = names.find((one) => before.size === before.add(one).size);
  if (twice !== undefined) refuseData(name, `two columns are called ${describe(twice)}`);
  const long = names.find((one) => one.length > 200);
  if (long !== undefined) refuseData(name, `a column is called ${describe(long)}; expected at most 200 characters`);
  return names;
}

function timeColumn(
  name: string,
  names: readonly string[],
  rows: Cells["rows"],
  asked: string | undefined,
): number | undefined {
  if (asked !== undefined) {
    const index = names.indexOf(asked);
    if (index >= 0) return index;
    refuseData(name, `there is no column ${describe(asked)}; there are ${names.join(", ").slice(0, 300)}`);
  }
  const [first] = rows as readonly [Cells["rows"][number]];
  const found = names.findIndex((column, i) => {
    const cell = first.cells[i] as string;
    return !Number.isNaN(timeOf(cell)) && (timeNames.test(column) || !isNumber(cell));
  });
  return found < 0 ? undefined : found;
}

function numberOf(where: string, cell: string, { missing = false }: ReadSeriesOptions): number {
  if (isNumber(cell)) return Number(cell);
  if (!isMissing(cell)) refuseData(where, `${describe(cell)} is no finite number`);
  if (!missing)
    refuseData(
      where,
      `${cell === "" ? "the cell is empty" : `it says ${describe(cell)}`}; allow missing values by --missing`,
    );
  return Number.NaN;
}

/** The table with its times; rows that are not there are put in, if values may be missing. */
function timed(name: string, table: SeriesTable, rows: Cells["rows"], column: number, missing: boolean): SeriesTable {
  const where = (i: number): string => `${name}, line ${rows[i]?.line}`;
  const times = rows.map(({ cells }, i) => {
    const time = timeOf(cells[column] as string);
    if (Number.isNaN(time))
      refuseData(where(i), `${describe(cells[column])} is no date; expected such as 2024-01-31 or 2024-01-31T12:00`);
    return time;
  });
  for (let i = 1; i < times.length; i++) {
    if ((times[i] as number) > (times[i - 1] as number)) continue;
    const [here, before] = [rows[i]?.cells[column], rows[i - 1]?.cells[column]];
    refuseData(
      where(i),
      `the time ${describe(here)} does not come after ${describe(before)}; sort the rows, one for each moment`,
    );
  }
  const frequency = inferFrequency(times);
  if (frequency === undefined) return { ...table, times: Float64Array.from(times) };
  const width = table.columns.length;
  const values: number[] = [];
  const filled: number[] = [];
  for (const [i, time] of times.entries()) {
    const before = filled.at(-1);
    const steps = before === undefined ? 1 : rowsBetween(frequency, before, time);
    const problem = steps === undefined ? "keeps no step with those before it" : "leaves rows out";
    if (steps === undefined || (steps > 1 && !missing)) {
      const remedy = steps === undefined ? "expected times of one frequency" : "allow missing rows by --missing";
      refuseData(where(i), `the time ${describe(rows[i]?.cells[column])} ${problem}; ${remedy}`);
    }
    if ((filled.length + steps) * width > MOST_CELLS) refuseData(where(i), "more rows are left out than can be put in");
    for (let step = 1; step < steps; step++) {
      filled.push(after(frequency, before as number, step));
      for (let c = 0; c < width; c++) values.push(Number.NaN);
    }
    filled.push(time);
    for (let c = 0; c < width; c++) values.push(table.values[i * width + c] as number);
  }
  return { columns: table.columns, values: Float64Array.from(values), times: Float64Array.from(filled), frequency };
}
