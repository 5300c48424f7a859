import { type Backend, DiffusionForcingError, type RandomStream } from "@diffusion-forcing/core";
import { check, schemas } from "@diffusion-forcing/core/backend";
import * as v from "valibot";
import { optionSchemas } from "../option-schemas.js";
import type { SeriesRecord } from "./record.js";
import { checkLength, checkTable, type SeriesTable, seriesSchemas } from "./table.js";

export interface ForecasterOptions {
  readonly backend: Backend;
  /** Denoising steps of a block. Default 10. */
  readonly timesteps?: number;
  /** Of a step's noise, see `ancestral`: 1, the default, is exact for normal tokens however few the steps. */
  readonly variance?: number;
}

export interface ForecastRequest {
  readonly table: SeriesTable;
  /** Rows to forecast. Default: the model's horizon. */
  readonly horizon?: number;
  /** Default 100. */
  readonly samples?: number;
  /** The series to forecast, by name. Default: all. Those left out cost nothing where every value is a token of its own. */
  readonly columns?: readonly string[];
  readonly random: RandomStream;
  readonly signal?: AbortSignal;
  /** Told how many rows of how many are forecast. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** Futures of the series. */
export interface SeriesForecast {
  readonly columns: readonly string[];
  readonly samples: number;
  readonly horizon: number;
  /** [samples * horizon * C] */
  readonly values: Float64Array;
  readonly times?: Float64Array;
}

const forecastSchema = v.object(
  {
    columns: seriesSchemas.columns,
    samples: schemas.integer(1),
    horizon: schemas.integer(1),
    values: seriesSchemas.numbers,
    times: seriesSchemas.times,
  },
  "a forecast, as SeriesForecaster makes one",
);

/** The check of a forecast wherever one comes in from outside. @throws `invalid-argument`, `shape-mismatch` */
export function checkForecast(what: string, value: unknown): void {
  const { columns, samples, horizon, values, times } = check(what, forecastSchema, value);
  checkLength(`${what}: the values`, values, samples * horizon * columns.length);
  if (times) checkLength(`${what}: the times`, times, horizon);
}

/** Half a gigabyte of them. */
const MOST_NUMBERS = 2 ** 26;

const optionsSchema = v.strictObject({
  backend: optionSchemas.backend,
  timesteps: v.optional(schemas.integer(1), 10),
  variance: v.optional(schemas.number(0, 1), 1),
});

const requestSchema = v.strictObject({
  table: schemas.having<SeriesTable>("a table, as readSeries() makes one", "columns", "values"),
  horizon: v.optional(schemas.integer(1, 1_000_000)),
  samples: v.optional(schemas.integer(1, 1_000_000), 100),
  columns: v.optional(v.array(v.string("a name"), "names of series")),
  random: optionSchemas.random,
  signal: optionSchemas.signal,
  onProgress: optionSchemas.callback<ForecastRequest["onProgress"]>(),
});

/** @throws `invalid-argument` */
export function checkForecasterOptions(options: ForecasterOptions): Required<ForecasterOptions> {
  return check("SeriesForecaster", optionsSchema, options);
}

/**
 * With the record's horizon and series, where others are not asked for.
 *
 * @throws `invalid-argument`, for more numbers than memory holds too
 */
export function checkForecastRequest(
  request: ForecastRequest,
  record: SeriesRecord,
): Required<Pick<ForecastRequest, "table" | "horizon" | "samples" | "columns">> {
  const given = check("forecast", requestSchema, request);
  checkTable("forecast: the table", given.table);
  const { table, samples, horizon = record.horizon, columns = record.columns } = given;
  if (samples * horizon * columns.length > MOST_NUMBERS) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `forecast: ${samples} samples of ${horizon} rows and ${columns.length} columns are too much; expected at most ${MOST_NUMBERS} numbers. Take fewer samples, or a shorter horizon.`,
    );
  }
  return { table, samples, horizon, columns };
}
