import { type Bundle, createRandom } from "@diffusion-forcing/core";
import type { EvaluationContext, FileReport } from "../task.js";
import { checkOptionValues, type OptionSchemas, type OptionValues } from "../task-options.js";
import { fanChart } from "./fan-chart.js";
import { SeriesForecaster } from "./forecaster.js";
import { columnQuantiles, forecastJson, quantilesCsv, samplesCsv } from "./quantile-table.js";
import { readingOptions, tableOfOptions } from "./reading-options.js";
import { seriesOfBundle } from "./record.js";
import { rowCount, tableRows } from "./table.js";

/** What `dforce forecast` may be told of a series model. */
export function seriesForecastOptions(bundle?: Bundle): OptionSchemas {
  const horizon = bundle && seriesOfBundle(bundle).record.horizon;
  return {
    ...readingOptions,
    horizon: {
      kind: "integer",
      summary: "rows to forecast; more than the model's own are made block by block",
      low: 1,
      high: 10_000,
      ...(horizon === undefined ? {} : { default: horizon, trained: [1, horizon] as const }),
      beyond: "and goes on from its own forecasts, block by block",
    },
    samples: { kind: "integer", summary: "futures to draw", default: 100, low: 1, high: 10_000 },
    steps: { kind: "integer", summary: "denoising steps", default: 10, low: 1, high: 100 },
    rows: { kind: "integer", summary: "rows of the data to forecast from, the first ones (default: all)", low: 1 },
    write: {
      kind: "choice",
      summary: "how samples and quantiles are written",
      choices: ["csv", "json"],
      default: "csv",
    },
  };
}

interface Options {
  readonly horizon: number;
  readonly samples: number;
  readonly steps: number;
  readonly rows?: number;
  readonly write: "csv" | "json";
}

/** Names of what {@link forecastSeries} writes. */
export function seriesForecastFiles({ write }: OptionValues): readonly string[] {
  return [...(write === "json" ? ["forecast.json"] : ["quantiles.csv", "samples.csv"]), "forecast.svg"];
}

/** Forecasts the user's table and writes what came of it. @throws as {@link SeriesForecaster.forecast} */
export async function forecastSeries(
  bundle: Bundle,
  { backend, options: values, seed, signal, onProgress }: EvaluationContext & { readonly seed: number },
): Promise<FileReport> {
  const { record } = seriesOfBundle(bundle);
  const given = checkOptionValues("series", seriesForecastOptions(bundle), values);
  const { horizon, samples, steps, rows, write } = given as unknown as Options;
  const whole = await tableOfOptions(given);
  const table = tableRows(whole, 0, Math.min(rows ?? Number.POSITIVE_INFINITY, rowCount(whole)));
  const forecaster = new SeriesForecaster(bundle, { backend, timesteps: steps });
  try {
    const forecast = await forecaster.forecast({
      table,
      horizon,
      samples,
      random: createRandom(seed),
      ...(signal ? { signal } : {}),
      ...(onProgress ? { onProgress } : {}),
    });
    const last = record.columns.map((column, c) => {
      const [low, , median, , high] = columnQuantiles(forecast, c).map((list) => list.at(-1) as number);
      return [column, `${number(median)} [${number(low)}, ${number(high)}]`] as const;
    });
    const texts: Readonly<Record<string, string>> =
      write === "json"
        ? { "forecast.json": forecastJson(forecast) }
        : { "quantiles.csv": quantilesCsv(forecast), "samples.csv": samplesCsv(forecast) };
    return {
      title: `${horizon} rows after row ${rowCount(table)}, ${samples} samples, seed ${seed}; the last row's median [90 % band]`,
      rows: last,
      document: { horizon, samples, steps, seed, rows: rowCount(table), columns: record.columns },
      files: { ...texts, "forecast.svg": fanChart(table, forecast) },
    };
  } finally {
    await forecaster.dispose();
  }
}

function number(value: number | undefined): string {
  return (value as number).toPrecision(5);
}
