import { check, schemas } from "@diffusion-forcing/core/backend";
import Papa from "papaparse";
import * as v from "valibot";
import { checkForecast, type SeriesForecast } from "./forecast-request.js";
import { quantileOf } from "./scores.js";

/** Quantiles that forecasts are written with. */
export const writtenQuantiles: readonly number[] = [0.05, 0.25, 0.5, 0.75, 0.95];

const quantilesSchema = v.array(schemas.number(0, 1), "a list of numbers from 0 to 1");

/**
 * Quantiles of a column at each row, one list a quantile.
 *
 * @throws `invalid-argument`, for a column that there is not too, `shape-mismatch` for a forecast whose values are not
 *   as many as it says
 */
export function columnQuantiles(
  forecast: SeriesForecast,
  column: number,
  quantiles: readonly number[] = writtenQuantiles,
): number[][] {
  checkForecast("columnQuantiles: the forecast", forecast);
  check("columnQuantiles: the quantiles", quantilesSchema, quantiles);
  const { values, samples, horizon, columns } = forecast;
  check("columnQuantiles: the column", schemas.integer(0, columns.length - 1), column);
  const sorted = Array.from({ length: horizon }, (_, h) =>
    Float64Array.from(
      { length: samples },
      (_, n) => values[(n * horizon + h) * columns.length + column] as number,
    ).sort(),
  );
  return quantiles.map((q) => sorted.map((row) => quantileOf(row, q)));
}

/** What the rows of a forecast are called: how far ahead they lie, or their times, as dates where all are midnights. */
function momentsOf({ times, horizon }: SeriesForecast): string[] {
  if (times === undefined) return Array.from({ length: horizon }, (_, h) => String(h + 1));
  const moments = Array.from(times.subarray(0, horizon), (time) => new Date(time).toISOString());
  const midnight = "T00:00:00.000Z";
  return moments.every((moment) => moment.endsWith(midnight))
    ? moments.map((moment) => moment.slice(0, -midnight.length))
    : moments;
}

/** A row for every moment and series: `row, series, q05, ...`. */
export function quantilesCsv(forecast: SeriesForecast): string {
  const names = writtenQuantiles.map((q) => `q${String(Math.round(100 * q)).padStart(2, "0")}`);
  const moments = momentsOf(forecast);
  const rows = forecast.columns.flatMap((column, c) => {
    const quantiles = columnQuantiles(forecast, c);
    return moments.map((moment, h) => [moment, column, ...quantiles.map((list) => list[h] as number)]);
  });
  return csv([[forecast.times ? "time" : "step", "series", ...names], ...rows]);
}

/** A row for every moment of every sample: `sample, row, column, column, ...`. */
export function samplesCsv(forecast: SeriesForecast): string {
  const { samples, horizon, columns, values } = forecast;
  const width = columns.length;
  const moments = momentsOf(forecast);
  const rows = Array.from({ length: samples * horizon }, (_, i) => [
    Math.floor(i / horizon) + 1,
    moments[i % horizon] as string,
    ...values.subarray(i * width, (i + 1) * width),
  ]);
  return csv([["sample", forecast.times ? "time" : "step", ...columns], ...rows]);
}

function csv(rows: readonly (readonly (string | number)[])[]): string {
  return `${Papa.unparse(rows as (string | number)[][], { newline: "\n" })}\n`;
}

/** The same as one JSON document: quantiles by series, samples [sample][row][series]. */
export function forecastJson(forecast: SeriesForecast): string {
  const { samples, horizon, columns, values } = forecast;
  const width = columns.length;
  const document = {
    columns,
    moments: momentsOf(forecast),
    quantiles: Object.fromEntries(
      columns.map((column, c) => {
        const lists = columnQuantiles(forecast, c);
        return [column, Object.fromEntries(writtenQuantiles.map((q, i) => [q, lists[i]]))];
      }),
    ),
    samples: Array.from({ length: samples }, (_, n) =>
      Array.from({ length: horizon }, (_, h) => {
        const at = (n * horizon + h) * width;
        return Array.from(values.subarray(at, at + width));
      }),
    ),
  };
  return `${JSON.stringify(document)}\n`;
}
