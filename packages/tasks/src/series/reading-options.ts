import type { OptionFile, OptionSchemas, OptionValues } from "../task-options.js";
import type { SeriesFormat } from "./cells.js";
import { readSeries } from "./read-series.js";
import type { SeriesTable } from "./table.js";

/** Options about the user's file, of every command that reads one. */
export const readingOptions: OptionSchemas = {
  data: {
    kind: "file",
    summary: "CSV, TSV or JSON lines, plain or gzipped: a row a moment, a column a series",
    required: true,
    maxBytes: 2 ** 28,
  },
  format: { kind: "choice", summary: "how it is written", choices: ["auto", "csv", "tsv", "jsonl"], default: "auto" },
  header: {
    kind: "choice",
    summary: "whether its first row has names",
    choices: ["auto", "yes", "no"],
    default: "auto",
  },
  time: { kind: "text", summary: "name of the column of times (default: found by its dates)" },
  missing: { kind: "flag", summary: "values may be missing: empty cells, NaN, NA, rows left out" },
};

/** The table in the file that the options name. @throws as {@link readSeries} */
export function tableOfOptions(options: OptionValues): Promise<SeriesTable> {
  const { data, format, header, time, missing } = options as {
    data: OptionFile;
    format: SeriesFormat | "auto";
    header: "auto" | "yes" | "no";
    time?: string;
    missing: boolean;
  };
  return readSeries(data, {
    ...(format === "auto" ? {} : { format }),
    ...(header === "auto" ? {} : { header: header === "yes" }),
    ...(time === undefined ? {} : { time }),
    missing,
  });
}
