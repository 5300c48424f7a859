import { DiffusionForcingError } from "@diffusion-forcing/core";
import { describe } from "@diffusion-forcing/core/backend";
import { parseJson } from "@diffusion-forcing/core/bundle";
import Papa from "papaparse";
import { LARGEST } from "./record.js";

/** A row of cells and the line it stands in, from 1. */
export interface CellRow {
  readonly line: number;
  readonly cells: readonly string[];
}

/** A file of text as cells, all rows of one width. */
export interface Cells {
  readonly rows: readonly CellRow[];
  /** Names that the format itself gives: the keys of JSON objects. */
  readonly names?: readonly string[];
}

export type SeriesFormat = "csv" | "tsv" | "jsonl";

/** @throws `invalid-data` naming file, line and column */
export function refuseData(where: string, what: string): never {
  throw new DiffusionForcingError("invalid-data", `${where}: ${what}.`);
}

/** The cells of a text. @throws `invalid-data`, `corrupt-file` */
export function readCells(name: string, text: string, format?: SeriesFormat): Cells {
  const isJson = format === "jsonl" || (format === undefined && /^\s*[[{]/.test(text));
  const cells = isJson ? jsonLines(name, text) : separated(name, text, format);
  const [first] = cells.rows;
  if (first === undefined) refuseData(name, "there are no rows; expected one for each moment");
  if (first.cells.length > LARGEST) {
    refuseData(
      `${name}, line ${first.line}`,
      `${first.cells.length} columns; expected at most ${LARGEST}: a row for each moment, a column for each series`,
    );
  }
  const ragged = cells.rows.find((row) => row.cells.length !== first.cells.length);
  if (ragged) {
    const { line, cells: own } = ragged;
    refuseData(
      `${name}, line ${line}`,
      `${own.length} cells; expected ${first.cells.length}, as in line ${first.line}`,
    );
  }
  return cells;
}

function separated(name: string, text: string, format: SeriesFormat | undefined): Cells {
  const [first = ""] = text.split("\n", 1);
  // Commas last: they stand in numbers and names as well.
  const found = ["\t", ";", "|"].find((delimiter) => first.includes(delimiter)) ?? ",";
  const { data, errors } = Papa.parse<string[]>(text, { delimiter: format === "tsv" ? "\t" : found });
  const [error] = errors;
  let line = 1;
  const rows: CellRow[] = [];
  for (const [i, row] of data.entries()) {
    if (error?.row === i) refuseData(`${name}, line ${line}`, error.message.toLowerCase());
    const cells = row.map((cell) => cell.trim());
    if (cells.length > 1 || cells[0] !== "") rows.push({ line, cells });
    // A quoted cell may go over several lines.
    line += 1 + row.reduce((total, cell) => total + (cell.match(/\n/g)?.length ?? 0), 0);
  }
  return { rows };
}

function jsonLines(name: string, text: string): Cells {
  let names: ReadonlySet<string> | undefined;
  const encoder = new TextEncoder();
  const rows = text.split("\n").flatMap((source, i): CellRow[] => {
    if (source.trim() === "") return [];
    const where = `${name}, line ${i + 1}`;
    const value = parseJson(where, encoder.encode(source));
    if (Array.isArray(value)) return [{ line: i + 1, cells: value.map((cell) => cellOf(where, cell)) }];
    if (typeof value !== "object" || value === null) {
      refuseData(where, `it is ${describe(value)}; expected an object, or an array of numbers`);
    }
    names ??= new Set(Object.keys(value));
    const known = names;
    const strange = Object.keys(value).find((key) => !known.has(key));
    if (strange !== undefined) refuseData(where, `the name ${describe(strange)} is not among those of the first line`);
    return [{ line: i + 1, cells: Array.from(known, (key) => cellOf(where, (value as Record<string, unknown>)[key])) }];
  });
  return { rows, ...(names ? { names: [...names] } : {}) };
}

function cellOf(where: string, value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "number" || typeof value === "string") return String(value).trim();
  return refuseData(where, `it holds ${describe(value)}; expected numbers, texts or null`);
}
