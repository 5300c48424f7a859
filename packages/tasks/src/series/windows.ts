import { type HostTensor, type RandomStream, tensor } from "@diffusion-forcing/core";
import type { Batch } from "@diffusion-forcing/core/training";
import { type Track, writeCondition } from "./conditions.js";
import { conditionFeatures, type SeriesRecord } from "./record.js";
import { scaleBefore } from "./scale.js";
import type { SeriesTokens } from "./tokens.js";

/** Tokens with their moments, to cut windows from. */
export interface WindowSource {
  readonly record: SeriesRecord;
  readonly tokens: SeriesTokens;
  readonly times?: Float64Array;
  /** K. */
  readonly levels: number;
}

/** The sequences that a moment of the record's table falls into. */
export function tracksOf({ tokens, columns }: SeriesRecord): readonly Track[] {
  return tokens === "row" ? ["all"] : columns.map((_, column) => column);
}

export function columnsOf({ columns }: SeriesRecord, track: Track): readonly number[] {
  return track === "all" ? columns.map((_, column) => column) : [track];
}

/**
 * Windows of context and horizon, as they are trained on. What is not known, or not to be relied on, counts nothing in
 * the loss; its token stands at the level of noise alone, as it will when a forecast meets its like.
 *
 * @param starts row and track of each window.
 */
export function trainingBatch(
  { record, tokens, times, levels }: WindowSource,
  starts: readonly { readonly row: number; readonly track: Track }[],
  random: RandomStream,
): Batch {
  const { context, horizon, columns } = record;
  const [length, width] = [context + horizon, columns.length];
  const features = record.tokens === "row" ? width : 1;
  const conditions = conditionFeatures(record);
  const values = new Float32Array(starts.length * length * features);
  const mask = new Float32Array(values.length).fill(1);
  const noiseLevels = new Int32Array(starts.length * length);
  const condition = new Float32Array(starts.length * length * conditions);
  let isWhole = true;
  for (const [b, { row: first, track }] of starts.entries()) {
    const sign = record.symmetric && random.uniform() < 0.5 ? -1 : 1;
    const units = new Map(
      columnsOf(record, track).map((column) => [column, sign / scaleBefore(record, tokens, first + context, column)]),
    );
    const lagged = (row: number) => (lag: number, column: number) =>
      (units.get(column) as number) * (tokens.values[(row - lag) * width + column] ?? 0);
    for (let t = 0; t < length; t++) {
      const place = b * length + t;
      const row = first + t;
      noiseLevels[place] = 1 + random.integer(0, levels);
      for (const [f, column] of columnsOf(record, track).entries()) {
        values[place * features + f] = (units.get(column) as number) * (tokens.values[row * width + column] as number);
        if (tokens.noise[row * width + column] === 0) continue;
        values[place * features + f] = 0;
        mask[place * features + f] = 0;
        noiseLevels[place] = levels;
        isWhole = false;
      }
      if (conditions > 0) writeCondition(record, track, times?.[row], lagged(row), condition, place * conditions);
    }
  }
  const shaped = (data: Float32Array, last: number): HostTensor => tensor(data, [starts.length, length, last]);
  return {
    tokens: shaped(values, features),
    noiseLevels: tensor(noiseLevels, [starts.length, length]),
    ...(isWhole ? {} : { lossMask: shaped(mask, features) }),
    ...(conditions > 0 ? { condition: shaped(condition, conditions) } : {}),
  };
}

/** Rows at which windows may begin: those that are trained on, and those that are only validated on. */
export interface WindowStarts {
  readonly training: readonly number[];
  readonly validation: readonly number[];
}

/**
 * Sets stretches of a window's length aside for validation, evenly spread, so that training sees old and recent rows
 * alike; no window of training reaches into one of them.
 *
 * @param rows the first row of a window and the row below which it ends.
 * @param share of the rows that is set aside; at least one stretch, unless it is 0.
 */
export function windowStarts(
  { context, horizon }: Pick<SeriesRecord, "context" | "horizon">,
  rows: { readonly first: number; readonly end: number },
  share: number,
): WindowStarts {
  const length = context + horizon;
  const stretches = Math.floor((rows.end - rows.first) / length);
  const count = share === 0 ? 0 : Math.max(1, Math.round(share * stretches));
  const validation = Array.from(
    { length: count },
    (_, i) => rows.first + length * Math.floor(((i + 0.5) * stretches) / count),
  );
  const training: number[] = [];
  for (let row = rows.first; row + length <= rows.end; row++) {
    if (validation.every((held) => Math.abs(held - row) >= length)) training.push(row);
  }
  return { training, validation };
}

/** Windows drawn at random from those that begin at the given rows. */
export function randomWindows(
  source: WindowSource,
  rows: readonly number[],
  count: number,
  random: RandomStream,
): Batch {
  const tracks = tracksOf(source.record);
  const where = random.split("windows");
  const starts = Array.from({ length: count }, () => ({
    row: rows[where.integer(0, rows.length)] as number,
    track: tracks[where.integer(0, tracks.length)] as Track,
  }));
  return trainingBatch(source, starts, random.split("levels"));
}
