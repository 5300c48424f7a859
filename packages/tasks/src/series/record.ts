import type { Bundle } from "@diffusion-forcing/core";
import { DiffusionForcingError } from "@diffusion-forcing/core";
import { check, schemas } from "@diffusion-forcing/core/backend";
import { type Normalization, normalizationCodec, type TaskRecord } from "@diffusion-forcing/core/bundle";
import * as v from "valibot";

/** What a token says of a value: the value itself, how it changed, or how its logarithm did. */
export type Representation = "level" | "difference" | "log-return";

/** Periods of the calendar that a token can be told of, as sine and cosine of how far they have gone. */
export type CalendarPeriod = "hour" | "day" | "week" | "year";

/**
 * How series that are sequences of their own go together, [C][R]: of what is new in column c at a moment, in standard
 * normal scores, `factors[c][r]` is the share of factor r, and what they leave of variance 1 is the column's alone. None
 * at all: every series for itself.
 */
export type Factors = readonly (readonly number[])[];

/** Beyond this many columns a correlation has more numbers than anybody has rows. */
export const MOST_COLUMNS = 256;
/** Factors; of so many columns they say everything. */
export const MOST_FACTORS = 16;

/** What a series model's bundle records of its job. */
export interface SeriesRecord extends TaskRecord {
  readonly kind: "series";
  /** Names of the series. */
  readonly columns: readonly string[];
  /**
   * "value": every value is a token of its own, every series a sequence of its own, and one model, told which series it
   * reads, stands for all of them; "row": a token holds all values of a moment.
   */
  readonly tokens: "value" | "row";
  readonly representation: Representation;
  /**
   * Whether a future is as likely as the same upside down, whatever came before: for changes of what has no side to
   * prefer, such as a rate of exchange. The model is then trained on windows either way up, and every second future of a
   * forecast is the one before it, turned.
   */
  readonly symmetric: boolean;
  /** How series that are sequences of their own go together. */
  readonly factors: Factors;
  /**
   * Spans of rows before what is forecast over which it is measured how far each series goes, which is the unit that a
   * sequence is told in: for series that are calm for years and wild for others. None: the units of training for ever.
   */
  readonly scaleRows: readonly number[];
  /** Tokens that a forecast looks back on. */
  readonly context: number;
  /** Tokens that a forecast makes together, as trained; longer ones are made block by block. */
  readonly horizon: number;
  /** How many moments back the tokens lie that a token is told of; at least the horizon, so that they are known. */
  readonly lags: readonly number[];
  readonly calendar: readonly CalendarPeriod[];
  /** Rows that were learned from, validation included: `dforce eval` begins after them. */
  readonly trainRows: number;
}

/** Far beyond any use; a file from elsewhere must not make its reader allocate without end. */
export const LARGEST = 65_536;
export const MOST_LAGS = 64;
export const MOST_SPANS = 8;

const schema = v.strictObject({
  kind: v.literal("series", '"series"'),
  columns: v.pipe(
    v.array(v.pipe(v.string("a text"), v.maxLength(200, "at most 200 characters"))),
    v.minLength(1, "at least one column"),
    v.maxLength(LARGEST, `at most ${LARGEST} columns`),
  ),
  tokens: schemas.choice("value", "row"),
  representation: schemas.choice("level", "difference", "log-return"),
  symmetric: v.boolean("true or false"),
  factors: v.pipe(
    v.array(v.pipe(v.array(schemas.number(-1, 1)), v.maxLength(MOST_FACTORS, `at most ${MOST_FACTORS} factors`))),
    v.maxLength(MOST_COLUMNS, `factors of at most ${MOST_COLUMNS} columns`),
  ),
  scaleRows: v.pipe(v.array(schemas.integer(1, LARGEST)), v.maxLength(MOST_SPANS, `at most ${MOST_SPANS} spans`)),
  context: schemas.integer(1, LARGEST),
  horizon: schemas.integer(1, LARGEST),
  lags: v.pipe(v.array(schemas.integer(1, LARGEST)), v.maxLength(MOST_LAGS, `at most ${MOST_LAGS} lags`)),
  calendar: v.pipe(v.array(schemas.choice("hour", "day", "week", "year")), v.maxLength(4, "at most 4 periods")),
  trainRows: schemas.integer(0),
});

/** Features of the condition that a token of this job gets. */
export function conditionFeatures({ columns, tokens, lags, calendar }: SeriesRecord): number {
  const identity = tokens === "value" && columns.length > 1 ? columns.length : 0;
  return identity + 2 * calendar.length + lags.length * (tokens === "value" ? 1 : columns.length);
}

/** A bundle as a series model. @throws `invalid-config` for another task's, or one whose parts do not fit */
export function seriesOfBundle(bundle: Bundle): {
  readonly record: SeriesRecord;
  readonly normalization: Normalization;
} {
  const record = check("A series model", schema, bundle.task, "invalid-config") as unknown as SeriesRecord;
  const refuse = (what: string): never => {
    throw new DiffusionForcingError("invalid-config", `A series model: ${what}.`);
  };
  const { kind, ...numbers } = (bundle.codec?.config ?? {}) as Partial<Normalization["config"]>;
  if (kind !== "normalization") refuse("its codec is no normalisation");
  const normalization = normalizationCodec(numbers as Normalization["config"]);
  const { columns, tokens, representation, horizon, lags, factors, scaleRows } = record;
  const features = tokens === "value" ? 1 : columns.length;
  const { model } = bundle.diffusion;
  if (normalization.config.mean.length !== columns.length)
    refuse(`${columns.length} columns, ${normalization.config.mean.length} normalised`);
  if (model.tokenShape.join() !== String(features))
    refuse(`its tokens are [${model.tokenShape}]; expected [${features}]`);
  if (model.conditionFeatures !== conditionFeatures(record)) {
    refuse(`its condition has ${model.conditionFeatures} features; expected ${conditionFeatures(record)}`);
  }
  if (scaleRows.length > 0 && representation === "level")
    refuse(`scaleRows is [${scaleRows}]; levels are told in one unit`);
  if (factors.length > 0) checkFactors(record, refuse);
  if (lags.some((lag) => lag < horizon)) refuse(`a lag is below the horizon ${horizon}`);
  return { record, normalization };
}

function checkFactors({ factors, columns, tokens }: SeriesRecord, refuse: (what: string) => never): void {
  if (tokens === "row") refuse("a row's values go together by themselves; expected no factors");
  if (factors.length !== columns.length) refuse(`${columns.length} columns, factors of ${factors.length}`);
  const [first] = factors as [readonly number[]];
  const bad = factors.findIndex((own) => own.length !== first.length || Math.hypot(...own) > 1 + 1e-6);
  if (bad >= 0)
    refuse(
      `column ${columns[bad]} has factors [${factors[bad]?.slice(0, 8)}]; expected ${first.length} whose squares add up to at most 1`,
    );
}
