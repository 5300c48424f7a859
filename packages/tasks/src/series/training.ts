import { cosineSchedule, createRandom, DiffusionForcingError, diffusionForcing } from "@diffusion-forcing/core";
import type { PreparationContext, TaskJob, TaskRecipe } from "../task.js";
import { checkOptionValues, type OptionFile, type OptionSchemas } from "../task-options.js";
import { fittedTo } from "./fitted.js";
import { inferFrequency } from "./frequency.js";
import { readingOptions, tableOfOptions } from "./reading-options.js";
import { networkOf, type SeriesRecipe } from "./recipe.js";
import {
  type CalendarPeriod,
  conditionFeatures,
  LARGEST,
  MOST_LAGS,
  MOST_SPANS,
  type Representation,
  type SeriesRecord,
} from "./record.js";
import { rowCount, type SeriesTable, tableRows } from "./table.js";
import { randomWindows, windowStarts } from "./windows.js";

/** Noise levels; so many that sampling in fewer steps has a choice of them. */
const LEVELS = 100;
/**
 * Every level alike. What is known of a change before it happens shows at high levels, where many noisy tokens together
 * say how far a future goes; weights by the ratio of signal and noise leave them out.
 */
const LOSS_WEIGHTING = { kind: "uniform" } as const;
/** Validation: the same windows each time, so many of them, so often. */
const VALIDATION = { every: 100, batches: 4, windows: 256 } as const;

/** What `dforce train series` takes besides a recipe. */
export const seriesTrainingOptions: OptionSchemas = {
  ...readingOptions,
  trainRows: { kind: "integer", summary: "rows to learn from, the first ones (default: all)", low: 2 },
  representation: {
    kind: "choice",
    summary: "what a token says of a value",
    choices: ["level", "difference", "log-return"],
    default: "level",
  },
  tokens: {
    kind: "choice",
    summary: "a token for every value, what goes together drawn together, or one for a whole row",
    choices: ["value", "row"],
    default: "value",
  },
  symmetric: {
    kind: "flag",
    summary: "whatever came before, its future is as likely upside down: no drift to forecast",
  },
  scaleRows: {
    kind: "text",
    summary: "rows before a forecast that say how far its series go now, spans as 10,60,250 (default: all of training)",
  },
  context: { kind: "integer", summary: "rows that a forecast looks back on", default: 30, low: 1, high: 4096 },
  horizon: { kind: "integer", summary: "rows that are forecast together", default: 30, low: 1, high: 4096 },
  lags: { kind: "text", summary: "rows back of further values told, as 24,168; none below the horizon" },
  calendar: {
    kind: "choice",
    summary: "whether tokens are told of the hour, day, week and year",
    choices: ["auto", "none"],
    default: "auto",
  },
};

interface TrainingValues {
  readonly data: OptionFile;
  readonly trainRows?: number;
  readonly representation: Representation;
  readonly tokens: "value" | "row";
  readonly symmetric: boolean;
  readonly scaleRows?: string;
  readonly context: number;
  readonly horizon: number;
  readonly lags?: string;
  readonly calendar: "auto" | "none";
}

function refuse(what: string): never {
  throw new DiffusionForcingError("invalid-data", `${what}.`);
}

function recordOf(table: SeriesTable, given: TrainingValues): SeriesRecord {
  const { representation, tokens, symmetric, context, horizon } = given;
  const scaleRows = rowsOf("scaleRows", given.scaleRows, 1);
  const ofChanges = (option: string, why: string): never => {
    throw new DiffusionForcingError(
      "invalid-argument",
      `${option}: only changes ${why}; take the representation difference or log-return.`,
    );
  };
  if (symmetric && representation === "level") ofChanges("symmetric", "have a side to prefer none of");
  if (scaleRows.length > 0 && representation === "level") ofChanges("scaleRows", "say how far a series goes");
  const { columns } = table;
  return {
    kind: "series",
    columns,
    tokens,
    representation,
    symmetric,
    context,
    horizon,
    scaleRows,
    factors: [],
    lags: rowsOf("lags", given.lags, horizon),
    calendar: given.calendar === "none" ? [] : periodsOf(table),
    trainRows: rowCount(table),
  };
}

/** Whole numbers of rows, with commas; no more of them, and none larger, than a record takes. */
function rowsOf(option: "lags" | "scaleRows", text: string | undefined, least: number): number[] {
  const parts = text === undefined ? [] : text.split(",").map((part) => part.trim());
  const rows = parts.map((part) => (/^\d+$/.test(part) ? Number(part) : Number.NaN));
  const { most, why } = {
    lags: { most: MOST_LAGS, why: ", the horizon: what lies nearer is in the context, or not known yet" },
    scaleRows: { most: MOST_SPANS, why: "" },
  }[option];
  const isBad = (count: number): boolean => !Number.isSafeInteger(count) || count < least || count > LARGEST;
  if (rows.length <= most && !rows.some(isBad)) return rows;
  throw new DiffusionForcingError(
    "invalid-argument",
    `${option}: "${text?.slice(0, 100)}"; expected at most ${most} whole numbers with commas, up to ${LARGEST} and from ${least} on${why}.`,
  );
}

/** Periods that go on within the data and over more than one row. */
function periodsOf({ times }: SeriesTable): CalendarPeriod[] {
  if (times === undefined || times.length < 2) return [];
  const frequency = inferFrequency(times);
  const day = 86_400_000;
  const step = { fixed: 0, "business-day": day, months: 30 * day }[frequency?.kind ?? "fixed"];
  const own = frequency?.kind === "fixed" ? frequency.milliseconds : step;
  const span = (times.at(-1) as number) - (times[0] as number);
  const lengths = { hour: day / 24, day, week: 7 * day, year: 365 * day } as const;
  return (["hour", "day", "week", "year"] as const).filter(
    (period) => own < lengths[period] && span > 2 * lengths[period],
  );
}

/** Data and model of a recipe. @throws `invalid-data`, `invalid-argument` and what reading the file throws */
export async function prepareSeries(
  recipe: TaskRecipe,
  { options: values }: PreparationContext = { options: {} },
): Promise<TaskJob> {
  const { series } = recipe as SeriesRecipe;
  const given = checkOptionValues("series", seriesTrainingOptions, values) as unknown as TrainingValues;
  const whole = await tableOfOptions(given as never);
  const rows = given.trainRows ?? rowCount(whole);
  if (rows > rowCount(whole)) refuse(`${given.data.name} has ${rowCount(whole)} rows; trainRows is ${rows}`);
  const table = tableRows(whole, 0, rows);
  const { record, normalization, tokens } = fittedTo(recordOf(table, given), table);
  const { context, horizon, tokens: tokensOf, columns, representation } = record;
  const length = context + horizon;
  const first = representation === "level" ? 0 : 1;
  const starts = windowStarts(record, { first, end: rows }, series.validation);
  if (starts.training.length === 0) {
    refuse(
      `${given.data.name} has ${rows} rows to learn from; a window takes ${length}, and none is left beside what is kept for validation: give more rows, or a smaller context or horizon`,
    );
  }
  const features = tokensOf === "row" ? columns.length : 1;
  const diffusion = diffusionForcing({
    model: networkOf(series.network, features, conditionFeatures(record)),
    schedule: cosineSchedule(LEVELS),
    lossWeighting: LOSS_WEIGHTING,
  });
  const source = { record, tokens, levels: LEVELS, ...(table.times ? { times: table.times } : {}) };
  const heldRandom = createRandom(0).split("validation");
  const validation = Array.from({ length: starts.validation.length === 0 ? 0 : VALIDATION.batches }, (_, i) =>
    randomWindows(source, starts.validation, VALIDATION.windows, heldRandom.split(i)),
  );
  const name = `series of ${columns.length} column${columns.length === 1 ? "" : "s"}`;
  return {
    diffusion,
    codec: normalization,
    batches: (_step, random) => randomWindows(source, starts.training, series.batch, random),
    ...(validation.length === 0
      ? {}
      : { evaluate: { every: VALIDATION.every, batches: validation, patience: series.patience } }),
    record,
    trainedOn: { tokens: [length, length] },
    card: { name, description: `Forecasts ${horizon} rows of ${columns.join(", ").slice(0, 500)} from ${context}.` },
    about: { columns: columns.length, rows, validationWindows: starts.validation.length, representation },
  };
}
