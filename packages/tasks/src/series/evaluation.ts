import { type Bundle, createRandom, DiffusionForcingError, type RandomStream } from "@diffusion-forcing/core";
import { throwIfAborted } from "@diffusion-forcing/core/backend";
import type { Estimate, EvaluationContext, TaskReport } from "../task.js";
import { checkOptionValues, type OptionFile, type OptionSchemas } from "../task-options.js";
import { formatEstimate } from "../task-report.js";
import { type Baseline, bootstrapWalk, filled, lastValue, seasonalNaive, vectorAutoregression } from "./baselines.js";
import { SeriesForecaster } from "./forecaster.js";
import { readingOptions, tableOfOptions } from "./reading-options.js";
import { type SeriesRecord, seriesOfBundle } from "./record.js";
import { type SeriesScores, scoreWindows } from "./scores.js";
import { rowCount, type SeriesTable, tableRows } from "./table.js";

/** What `dforce eval` may be told of a series model. */
export const seriesEvaluationOptions: OptionSchemas = {
  ...readingOptions,
  windows: { kind: "integer", summary: "rolling windows of the model's horizon", default: 5, low: 1, high: 100_000 },
  firstRow: { kind: "integer", summary: "rows before the first window (default: those of training)", low: 1 },
  samples: { kind: "integer", summary: "futures of each window", default: 100, low: 20, high: 10_000 },
  steps: { kind: "integer", summary: "denoising steps", default: 10, low: 1, high: 100 },
  season: { kind: "integer", summary: "rows of a season, of the seasonal baseline", default: 5, low: 1, high: 65_536 },
  drop: {
    kind: "number",
    summary: "share of the context's values to take away at random, to see what missing ones cost",
    default: 0,
    low: 0,
    high: 0.9,
  },
  seed: { kind: "integer", summary: "seed of the futures and of what is taken away", default: 1000, low: 0 },
};

interface Options {
  readonly data: OptionFile;
  readonly windows: number;
  readonly firstRow?: number;
  readonly samples: number;
  readonly steps: number;
  readonly season: number;
  readonly drop: number;
  readonly seed: number;
}

/** Beyond this a VAR has more weights than anybody has rows. */
const MOST_VAR_COLUMNS = 256;

/** Measures a series model by rolling windows, beside forecasters without a model. @throws `invalid-data`, `aborted` */
export async function evaluateSeries(bundle: Bundle, context: EvaluationContext): Promise<TaskReport> {
  const { record } = seriesOfBundle(bundle);
  const options = checkOptionValues("series", seriesEvaluationOptions, context.options) as unknown as Options;
  const table = await tableOfOptions(options as never);
  const first = firstRowOf(record, table, options);
  const windows = rollingWindows(record, table, first, options.windows);
  const random = createRandom(options.seed);
  const forecaster = new SeriesForecaster(bundle, { backend: context.backend, timesteps: options.steps });
  const scores = new Map<string, SeriesScores>();
  const score = (name: string, forecasts: readonly Float64Array[]): void => {
    const scored = forecasts.map((samples, w) => ({ samples, truth: (windows[w] as RollingWindow).truth }));
    scores.set(name, scoreWindows(record.columns, scored));
  };
  const dropped = (history: SeriesTable, w: number) =>
    withDropped(history, record, options.drop, random.split("drop").split(w));
  const contexts: [string, (history: SeriesTable, w: number) => SeriesTable][] = [["the model", (history) => history]];
  if (options.drop > 0) {
    contexts.push(["  values missing", dropped]);
    const imputed = (history: SeriesTable, w: number) => ({ ...history, values: filled(dropped(history, w)) });
    contexts.push(["  the last value in their place", imputed]);
  }
  try {
    for (const [i, [name, change]] of contexts.entries()) {
      const forecasts: Float64Array[] = [];
      for (const [w, { history }] of windows.entries()) {
        throwIfAborted(context.signal);
        const { values } = await forecaster.forecast({
          table: change(history, w),
          samples: options.samples,
          random: random.split("futures").split(w),
          ...(context.signal ? { signal: context.signal } : {}),
        });
        forecasts.push(values);
        context.onProgress?.(i * windows.length + w + 1, contexts.length * windows.length, name.trim());
      }
      score(name, forecasts);
    }
  } finally {
    await forecaster.dispose();
  }
  for (const [name, baseline] of baselines(record, tableRows(table, 0, first), options)) {
    throwIfAborted(context.signal);
    const draws = windows.map(({ past }, w) =>
      baseline(past, record.horizon, options.samples, random.split(name).split(w)),
    );
    score(name, draws);
  }
  return report(record, scores, { ...options, first });
}

/** A place of the data where a forecast begins. */
interface RollingWindow {
  /** As far back as the model needs, and to see how series go together. */
  readonly history: SeriesTable;
  /** As far back as baselines need. */
  readonly past: SeriesTable;
  readonly truth: Float64Array;
}

/** Rows before a window that baselines may use. */
const MOST_PAST = 1000;

function rollingWindows(record: SeriesRecord, table: SeriesTable, first: number, count: number): RollingWindow[] {
  const { horizon, context, lags, scaleRows } = record;
  const needed = Math.max(MOST_PAST, 1 + Math.max(0, ...scaleRows), context + 1 + Math.max(0, ...lags));
  return Array.from({ length: count }, (_, w) => {
    const row = first + w * horizon;
    return {
      history: tableRows(table, Math.max(0, row - needed), row),
      past: tableRows(table, Math.max(0, row - MOST_PAST), row),
      truth: tableRows(table, row, row + horizon).values,
    };
  });
}

function firstRowOf(record: SeriesRecord, table: SeriesTable, { firstRow, windows, data }: Options): number {
  const first = firstRow ?? record.trainRows;
  const rows = rowCount(table);
  const possible = Math.max(0, Math.floor((rows - first) / record.horizon));
  if (possible >= windows) return first;
  throw new DiffusionForcingError(
    "invalid-data",
    `${data.name} has ${rows} rows, and the first window begins after ${first}: room for ${possible} windows of ${record.horizon} rows; ${windows} are asked for. Train with --train-rows, which leaves rows to measure on, or take fewer --windows or an earlier --first-row.`,
  );
}

function baselines(record: SeriesRecord, training: SeriesTable, { season }: Options): [string, Baseline][] {
  const { representation, columns } = record;
  const list: [string, Baseline][] = [
    ["last value", lastValue],
    [`last season of ${season}`, seasonalNaive(season)],
    ["bootstrap of the last 500 steps", bootstrapWalk(representation)],
  ];
  if (columns.length <= MOST_VAR_COLUMNS && rowCount(training) > 2 * columns.length + 10) {
    list.push(["VAR(1)", vectorAutoregression(representation, training)]);
  }
  return list;
}

/** Takes values of the context away, each by itself; but not the row before it, from which changes count. */
function withDropped(table: SeriesTable, { context }: SeriesRecord, share: number, random: RandomStream): SeriesTable {
  const from = (rowCount(table) - context) * table.columns.length;
  return {
    ...table,
    values: table.values.map((value, i) => (i >= from && random.uniform() < share ? Number.NaN : value)),
  };
}

function report(
  { columns, horizon }: SeriesRecord,
  scores: ReadonlyMap<string, SeriesScores>,
  { windows, samples, steps, seed, first, drop, season }: Options & { readonly first: number },
): TaskReport {
  const model = scores.get("the model") as SeriesScores;
  const share = (estimate: Estimate): string => formatEstimate(estimate, 100, 1, "%");
  const digits = (value: number): string => value.toPrecision(4);
  const others = [...scores].filter(([name]) => name !== "the model");
  return {
    title: `${windows} windows of ${horizon} rows after row ${first}, ${columns.length} series, ${samples} samples, seed ${seed} (95 % intervals over windows)`,
    rows: [
      ["CRPS_sum", formatEstimate(model.crpsSum, 1, 5)],
      ...others.map(([name, { crpsSum }]): [string, string] => [`  ${name.trim()}`, formatEstimate(crpsSum, 1, 5)]),
      ...Object.entries(model.crps).map(([column, crps]): [string, string] => [`CRPS of ${column}`, crps.toFixed(5)]),
      ["energy score", digits(model.energyScore.value)],
      ["MAE of the median", digits(model.mae.value)],
      ["RMSE of the median", digits(model.rmse)],
      ["within the 50 % band", share(model.coverage50)],
      ["within the 90 % band", share(model.coverage90)],
    ],
    document: { windows, samples, steps, seed, firstRow: first, drop, season, scores: Object.fromEntries(scores) },
  };
}
