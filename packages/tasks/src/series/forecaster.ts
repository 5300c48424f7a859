import { ancestral, type Bundle, DiffusionForcingError, type Sampler, tensor } from "@diffusion-forcing/core";
import { describe, throwIfAborted } from "@diffusion-forcing/core/backend";
import type { Normalization } from "@diffusion-forcing/core/bundle";
import { timestepLevels } from "@diffusion-forcing/core/process";
import { type NoiseSource, Sampler as SequenceSampler } from "@diffusion-forcing/core/sampling";
import { withCompanions } from "./companions.js";
import { type Track, writeCondition } from "./conditions.js";
import { correlationsOf } from "./dependence.js";
import { antithetic, FanNoise } from "./fan-noise.js";
import {
  checkForecasterOptions,
  checkForecastRequest,
  type ForecasterOptions,
  type ForecastRequest,
  type SeriesForecast,
} from "./forecast-request.js";
import { futureTimes } from "./frequency.js";
import { netNoiseWeights } from "./net-noise.js";
import { conditionFeatures, type SeriesRecord, seriesOfBundle } from "./record.js";
import { normalizationNow } from "./scale.js";
import { rowCount, type SeriesTable } from "./table.js";
import { type Anchor, anchorsOf, type SeriesTokens, tokensOfTable, valuesOfTokens } from "./tokens.js";
import { columnsOf, tracksOf } from "./windows.js";

/** Most sequences denoised together: what more of them would save is small, and memory grows with them. */
const MOST_SEQUENCES = 1024;

/** A trained model of series that forecasts. */
export class SeriesForecaster {
  readonly record: SeriesRecord;
  readonly #normalization: Normalization;
  readonly #sampler: Sampler;
  /** The levels that sampling visits, K first; what is known in part begins at a level of its own. */
  readonly #visited: readonly number[];
  /** sigma / alpha and alpha of each level. */
  readonly #ratios: readonly number[];
  readonly #signals: readonly number[];
  /** What each draw counts in a token that is forecast. */
  readonly #netNoise: readonly number[];

  /** @throws `invalid-config` for a bundle of another task, `invalid-argument` */
  constructor(bundle: Bundle, options: ForecasterOptions) {
    const { backend, timesteps, variance } = checkForecasterOptions(options);
    const { record, normalization } = seriesOfBundle(bundle);
    const { diffusion, parameters } = bundle;
    const { path, levels } = diffusion.process;
    if (path === undefined) {
      throw new DiffusionForcingError("invalid-config", "A series model's process has to have a Gaussian path.");
    }
    this.record = record;
    this.#normalization = normalization;
    this.#visited = Array.from(timestepLevels(levels, timesteps)).reverse();
    const solver = ancestral({ variance });
    this.#sampler = new SequenceSampler(diffusion, { backend, parameters, timesteps: levels, solver });
    this.#signals = Array.from({ length: levels + 1 }, (_, level) => path.signal[level] as number);
    this.#netNoise = netNoiseWeights(path, this.#visited, variance);
    this.#ratios = this.#signals.map((signal, level) => (path.noise[level] as number) / signal);
  }

  dispose(): Promise<void> {
    return this.#sampler.dispose();
  }

  /** @throws `invalid-argument` for sizes beyond reason, `invalid-data` for a table too short, or of other columns; `aborted` */
  async forecast(request: ForecastRequest): Promise<SeriesForecast> {
    const { record } = this;
    const { horizon, samples, table, columns } = checkForecastRequest(request, record);
    // Whole blocks are sampled, the last of them perhaps beyond what is asked for.
    const blocks = Math.ceil(horizon / record.horizon) * record.horizon;
    const times = table.times && futureTimes(table.times, blocks, table.frequency);
    const wanted = this.#wanted(columns);
    this.#check(request, wanted, times);
    const rows = rowCount(table);
    const width = record.columns.length;
    const anchors = anchorsOf(table, record.context);
    const values = new Float64Array(samples * horizon * wanted.length);
    const normalization = normalizationNow(record, this.#normalization, table);
    const futures = await this.#tokens(request, normalization, blocks, samples, anchors, wanted, times);
    for (const [c, column] of wanted.entries()) {
      // Changes are added up from the last value to rely on, over what follows it in the context too.
      const anchor = anchors[column] as Anchor;
      const from = record.representation === "level" ? rows - 1 : anchor.row;
      const errors = new Float32Array(samples);
      for (let n = 0; n < samples && anchor.error > 0; n++) {
        antithetic(request.random.split("anchor").split(column), n).fillNormal(errors.subarray(n, n + 1));
      }
      for (let n = 0; n < samples; n++) {
        const start = (table.values[from * width + column] as number) + anchor.error * (errors[n] as number);
        const tokens = futures[n]?.[column]?.subarray(from + 1) as Float32Array;
        const future = valuesOfTokens(record, normalization, column, tokens, start).subarray(rows - 1 - from);
        for (let h = 0; h < horizon; h++) values[(n * horizon + h) * wanted.length + c] = future[h] as number;
      }
    }
    return { columns, samples, horizon, values, ...(times ? { times: times.slice(0, horizon) } : {}) };
  }

  /** The numbers of the columns that are asked for. */
  #wanted(names: readonly string[]): number[] {
    return names.map((name) => {
      const column = this.record.columns.indexOf(name);
      if (column >= 0) return column;
      const known = this.record.columns.join(", ").slice(0, 300);
      throw new DiffusionForcingError(
        "invalid-argument",
        `columns: ${describe(name)} is none of the model's; expected some of ${known}.`,
      );
    });
  }

  #check({ table }: ForecastRequest, wanted: readonly number[], times: Float64Array | undefined): void {
    const { columns, context, representation, calendar } = this.record;
    const refuse = (what: string): never => {
      throw new DiffusionForcingError("invalid-data", `forecast: ${what}.`);
    };
    if (table.columns.join("\n") !== columns.join("\n")) {
      refuse(
        `the columns are ${table.columns.join(", ").slice(0, 300)}; the model forecasts ${columns.join(", ").slice(0, 300)}: give it these, in this order, or train a model of yours (dforce train series --data FILE); in code, rescaledTo(bundle, table) reads as many others in their places`,
      );
    }
    const needed = context + (representation === "level" ? 0 : 1);
    const rows = rowCount(table);
    if (rows < needed) refuse(`the series have ${rows} rows; the model looks back on ${needed}`);
    if (calendar.length > 0 && times === undefined) {
      refuse("the model is told of the calendar; the table needs a column of times");
    }
    for (const [column, { row }] of representation === "level" ? [] : anchorsOf(table, context).entries()) {
      if (row < 0 && wanted.includes(column))
        refuse(`column ${columns[column]} has no value in its last ${context + 1} rows`);
    }
  }

  /** Tokens of each sample and column, those of the table before those of the forecast. */
  async #tokens(
    { table, random, signal, onProgress }: ForecastRequest,
    normalization: Normalization,
    horizon: number,
    samples: number,
    anchors: readonly Anchor[],
    wanted: readonly number[],
    times: Float64Array | undefined,
  ): Promise<Float32Array[][]> {
    const { record } = this;
    const width = record.columns.length;
    const rows = rowCount(table);
    const tracks = tracksOf(record).filter((track) => columnsOf(record, track).some((c) => wanted.includes(c)));
    const known = this.#known(table, normalization);
    const all = Array.from({ length: samples }, () =>
      record.columns.map((_, column) => {
        const tokens = new Float32Array(rows + horizon);
        for (let row = 0; row < rows; row++) tokens[row] = known.values[row * width + column] as number;
        return tokens;
      }),
    );
    const noiseAt = (row: number, track: Track): number =>
      row >= rows
        ? 0
        : Math.max(...columnsOf(record, track).map((column) => known.noise[row * width + column] as number));
    const timeAt = (row: number): number | undefined => (row < rows ? table.times?.[row] : times?.[row - rows]);
    const shares = this.#shares(table, normalization, anchors);
    for (let first = rows; first < rows + horizon; first += record.horizon) {
      const fan = new FanNoise({
        random: random.split(first),
        samples,
        symmetric: record.symmetric,
        context: record.context,
        horizon: record.horizon,
        factors: record.factors,
        shares,
        weights: this.#netNoise,
      });
      for (const group of this.#groups(tracks, first, rows, noiseAt, anchors)) {
        const perTurn = Math.max(1, Math.floor(MOST_SEQUENCES / samples));
        for (let i = 0; i < group.tracks.length; i += perTurn) {
          throwIfAborted(signal);
          const some = group.tracks.slice(i, i + perTurn);
          await this.#block({
            tracks: some,
            noise: group.noise,
            open: group.open,
            first,
            isFirst: first === rows,
            all,
            timeAt,
            fan,
            signal,
          });
        }
      }
      onProgress?.(first - rows + record.horizon, horizon);
    }
    return all;
  }

  /** What a token of each column counts in the sum of the table's values. */
  #shares(table: SeriesTable, normalization: Normalization, anchors: readonly Anchor[]): number[] {
    const { columns, representation } = this.record;
    return columns.map((_, column) => {
      const { row } = anchors[column] as Anchor;
      const std = normalization.config.std[column] as number;
      if (representation !== "log-return") return std;
      return row < 0 ? 0 : std * (table.values[row * columns.length + column] as number);
    });
  }

  /** The table's tokens; of series that are sequences of their own, told of missing changes by the others. */
  #known(table: SeriesTable, normalization: Normalization): SeriesTokens {
    const { representation, context, factors } = this.record;
    const tokens = tokensOfTable(this.record, normalization, table);
    const isWhole = tokens.noise.every((error) => error === 0);
    if (isWhole || representation === "level" || factors.length === 0) return tokens;
    return withCompanions(tokens, correlationsOf(factors), rowCount(table) - context);
  }

  /** Tracks whose context is known to the same degree, to be denoised together. */
  #groups(
    tracks: readonly Track[],
    first: number,
    rows: number,
    noiseAt: (row: number, track: Track) => number,
    anchors: readonly Anchor[],
  ): { tracks: Track[]; noise: number[]; open: number }[] {
    const { context } = this.record;
    const groups = new Map<string, { tracks: Track[]; noise: number[]; open: number }>();
    for (const track of tracks) {
      const noise = Array.from({ length: context }, (_, t) => noiseAt(first - context + t, track));
      const from = Math.min(...columnsOf(this.record, track).map((column) => (anchors[column] as Anchor).row));
      // Changes after the last value to rely on belong to what is sampled.
      const open = first === rows && this.record.representation !== "level" ? rows - 1 - from : 0;
      const key = `${open}:${noise.join()}`;
      const group = groups.get(key) ?? { tracks: [], noise, open };
      group.tracks.push(track);
      groups.set(key, group);
    }
    return [...groups.values()];
  }

  /** Denoises one block of a group of tracks, all samples, and writes it to their tokens. */
  async #block(block: {
    readonly tracks: readonly Track[];
    readonly noise: readonly number[];
    readonly open: number;
    readonly first: number;
    readonly isFirst: boolean;
    readonly all: readonly (readonly Float32Array[])[];
    readonly timeAt: (row: number) => number | undefined;
    readonly fan: FanNoise;
    readonly signal: AbortSignal | undefined;
  }): Promise<void> {
    const { tracks, noise, open, first, isFirst, all, timeAt, fan, signal } = block;
    const { record } = this;
    const { context, horizon } = record;
    const noiseOnly = this.#sampler.timesteps;
    const length = context + horizon;
    const features = record.tokens === "row" ? record.columns.length : 1;
    const conditions = conditionFeatures(record);
    // The first block's two samples of a pair are the same but for their futures' sign: one sequence stands for both.
    const isShared = record.symmetric && isFirst;
    const drawn = all.flatMap((tokens, n) => (isShared && n % 2 === 1 ? [] : [{ tokens, n }]));
    const sequences = tracks.flatMap((track) => drawn.map(({ tokens, n }) => ({ track, tokens, n })));
    const sources = sequences.map(({ track, n }) => fan.source(track, columnsOf(record, track), n));
    const tokens = new Float32Array(sequences.length * length * features);
    const condition = new Float32Array(sequences.length * length * conditions);
    const starts = noise.map((error) => this.#levelOf(error));
    for (const [b, { track, tokens: own }] of sequences.entries()) {
      const fresh = new Float32Array(length * features);
      (sources[b] as NoiseSource).split("start").fillNormal(fresh);
      for (let t = 0; t < length; t++) {
        const row = first - context + t;
        const level = t < context ? (starts[t] as number) : noiseOnly;
        const signalAt = level === noiseOnly ? 0 : (this.#signals[level] as number);
        // What a level holds more of noise than the measurement already does.
        const more =
          level === noiseOnly
            ? 1
            : signalAt * Math.sqrt(Math.max(0, (this.#ratios[level] as number) ** 2 - (noise[t] as number) ** 2));
        for (const [f, column] of columnsOf(record, track).entries()) {
          const at = t * features + f;
          const value = t < context ? (own[column]?.[row] as number) : 0;
          tokens[b * length * features + at] = signalAt * value + more * (fresh[at] as number);
        }
        if (conditions === 0) continue;
        const lagged = (lag: number, column: number): number => own[column]?.[row - lag] ?? 0;
        writeCondition(record, track, timeAt(row), lagged, condition, (b * length + t) * conditions);
      }
    }
    const rows = this.#visited.map((level) =>
      Array.from({ length }, (_, t) => {
        if (t < context - open) return starts[t] as number;
        return Math.min(level, starts[t] ?? noiseOnly);
      }),
    );
    const result = await this.#sampler.denoise({
      tokens: tensor(tokens, [sequences.length, length, features]),
      rows,
      seed: sources.map((source) => source.split("steps")),
      ...(conditions > 0 ? { condition: tensor(condition, [sequences.length, length, conditions]) } : {}),
      ...(signal ? { signal } : {}),
    });
    for (const [b, { track, tokens: own, n }] of sequences.entries()) {
      const samples = isShared && n + 1 < all.length ? [own, all[n + 1] as readonly Float32Array[]] : [own];
      for (let t = context - open; t < length; t++) {
        for (const [f, column] of columnsOf(record, track).entries()) {
          const token = result.data[(b * length + t) * features + f] as number;
          for (const [i, sample] of samples.entries()) {
            const isTurned = record.symmetric && t >= context && (n + i) % 2 === 1;
            (sample[column] as Float32Array)[first - context + t] = isTurned ? -token : token;
          }
        }
      }
    }
  }

  /** The level of a token with an error: the cleanest that is at least as noisy. */
  #levelOf(error: number): number {
    const level = this.#ratios.findIndex((ratio) => ratio >= error);
    return level < 0 ? this.#sampler.timesteps : level;
  }
}
