import { DiffusionForcingError, type RandomStream } from "@diffusion-forcing/core";
import type { Representation } from "./record.js";
import { rowCount, type SeriesTable, tableRows } from "./table.js";

/** A forecaster without a model: futures [samples * horizon * C] of a table that ends where they begin. */
export type Baseline = (table: SeriesTable, horizon: number, samples: number, random: RandomStream) => Float64Array;

/** The last known value of each series, for ever. */
export const lastValue: Baseline = (table, horizon, samples) => {
  const last = lastKnown(table);
  return Float64Array.from({ length: samples * horizon * last.length }, (_, i) => last[i % last.length] as number);
};

/** What was known a season earlier, for ever: the value at the same place of the last season, or the last one known. */
export function seasonalNaive(season: number): Baseline {
  return (table, horizon, samples) => {
    const width = table.columns.length;
    const rows = rowCount(table);
    const last = lastKnown(table);
    return Float64Array.from({ length: samples * horizon * width }, (_, i) => {
      const [h, c] = [Math.floor(i / width) % horizon, i % width];
      const row = rows - season + (h % season);
      const value = row < 0 ? Number.NaN : (table.values[row * width + c] as number);
      return Number.isFinite(value) ? value : (last[c] as number);
    });
  };
}

/**
 * A random walk whose steps are drawn from those of the last rows, all series together: what they did at one moment.
 * Steps are of logarithms where values are represented so.
 */
export function bootstrapWalk(representation: Representation, steps = 500): Baseline {
  const isRelative = representation === "log-return";
  return (table, horizon, samples, random) => {
    const width = table.columns.length;
    const rows = rowCount(table);
    const recent = filled(tableRows(table, Math.max(0, rows - steps - 1), rows));
    const path = isRelative ? recent.map(Math.log) : recent;
    const count = path.length / width - 1;
    if (count < 1) throw new DiffusionForcingError("invalid-data", "A bootstrap needs two rows at least.");
    const values = new Float64Array(samples * horizon * width);
    for (let n = 0; n < samples; n++) {
      const at = path.slice(-width);
      for (let h = 0; h < horizon; h++) {
        const step = random.integer(0, count);
        for (let c = 0; c < width; c++) {
          at[c] = (at[c] as number) + (path[(step + 1) * width + c] as number) - (path[step * width + c] as number);
          values[(n * horizon + h) * width + c] = isRelative ? Math.exp(at[c] as number) : (at[c] as number);
        }
      }
    }
    return values;
  };
}

/**
 * A vector autoregression of order 1 with an intercept, fitted to a table by least squares, in changes where values are
 * represented so; its errors are drawn from those of the fit.
 *
 * @throws `invalid-data` for fewer rows than it has unknowns
 */
export function vectorAutoregression(representation: Representation, training: SeriesTable): Baseline {
  const width = training.columns.length;
  const transform = (table: SeriesTable): Float64Array => {
    const values = filled(table);
    if (representation === "level") return values;
    const levels = representation === "log-return" ? values.map(Math.log) : values;
    return levels.slice(width).map((value, i) => value - (levels[i] as number));
  };
  const series = transform(training);
  const count = series.length / width - 1;
  const unknowns = width + 1;
  if (count < 2 * unknowns) {
    throw new DiffusionForcingError("invalid-data", `A VAR(1) of ${width} series needs more than ${count} rows.`);
  }
  const before = (t: number, i: number): number => (i === width ? 1 : (series[t * width + i] as number));
  const gram = Array.from({ length: unknowns }, () => new Float64Array(unknowns));
  const cross = Array.from({ length: unknowns }, () => new Float64Array(width));
  for (let t = 0; t < count; t++) {
    for (let i = 0; i < unknowns; i++) {
      const x = before(t, i);
      for (let j = 0; j <= i; j++) (gram[i] as Float64Array)[j]! += x * before(t, j);
      for (let c = 0; c < width; c++) (cross[i] as Float64Array)[c]! += x * (series[(t + 1) * width + c] as number);
    }
  }
  const weights = solvePositive(gram, cross);
  const predict = (at: ArrayLike<number>, c: number): number => {
    let sum = (weights[width] as Float64Array)[c] as number;
    for (let i = 0; i < width; i++) sum += (at[i] as number) * ((weights[i] as Float64Array)[c] as number);
    return sum;
  };
  const errors = new Float64Array(count * width);
  for (let t = 0; t < count; t++) {
    const at = series.subarray(t * width, (t + 1) * width);
    for (let c = 0; c < width; c++) errors[t * width + c] = (series[(t + 1) * width + c] as number) - predict(at, c);
  }
  return (table, horizon, samples, random) => {
    const start = transform(table).slice(-width);
    const last = lastKnown(table);
    const values = new Float64Array(samples * horizon * width);
    for (let n = 0; n < samples; n++) {
      let at = start;
      const level = representation === "log-return" ? last.map(Math.log) : [...last];
      for (let h = 0; h < horizon; h++) {
        const error = random.integer(0, count) * width;
        const now = at;
        at = Float64Array.from({ length: width }, (_, c) => predict(now, c) + (errors[error + c] as number));
        for (let c = 0; c < width; c++) {
          level[c] = representation === "level" ? (at[c] as number) : (level[c] as number) + (at[c] as number);
          const value = level[c] as number;
          values[(n * horizon + h) * width + c] = representation === "log-return" ? Math.exp(value) : value;
        }
      }
    }
    return values;
  };
}

/** The solution X of A X = B, A symmetric and positive, of which the lower half is given: by Cholesky's factors. */
export function solvePositive(a: readonly Float64Array[], b: readonly Float64Array[]): Float64Array[] {
  const n = a.length;
  const l = a.map((row) => Float64Array.from(row));
  const at = (i: number, j: number): number => (l[i] as Float64Array)[j] as number;
  // A series that never changes would leave a zero on the diagonal.
  const ridge = 1e-10 * Math.max(...a.map((row, i) => row[i] as number));
  for (let j = 0; j < n; j++) {
    let pivot = at(j, j) + ridge;
    for (let k = 0; k < j; k++) pivot -= at(j, k) ** 2;
    (l[j] as Float64Array)[j] = Math.sqrt(Math.max(pivot, ridge));
    for (let i = j + 1; i < n; i++) {
      let sum = at(i, j);
      for (let k = 0; k < j; k++) sum -= at(i, k) * at(j, k);
      (l[i] as Float64Array)[j] = sum / at(j, j);
    }
  }
  const x = b.map((row) => Float64Array.from(row));
  const width = (b[0] as Float64Array).length;
  for (let c = 0; c < width; c++) {
    const value = (i: number): number => (x[i] as Float64Array)[c] as number;
    for (let i = 0; i < n; i++) {
      let sum = value(i);
      for (let k = 0; k < i; k++) sum -= at(i, k) * value(k);
      (x[i] as Float64Array)[c] = sum / at(i, i);
    }
    for (let i = n - 1; i >= 0; i--) {
      let sum = value(i);
      for (let k = i + 1; k < n; k++) sum -= at(k, i) * value(k);
      (x[i] as Float64Array)[c] = sum / at(i, i);
    }
  }
  return x;
}

/** Values with gaps closed by the value before them; before the first known one, by that. */
export function filled({ columns, values }: SeriesTable): Float64Array {
  const width = columns.length;
  const whole = values.slice();
  for (let c = 0; c < width; c++) {
    let last = Number.NaN;
    for (let i = c; i < whole.length && Number.isNaN(last); i += width) last = whole[i] as number;
    if (Number.isNaN(last)) {
      throw new DiffusionForcingError("invalid-data", `Column ${columns[c]} holds no value.`);
    }
    for (let i = c; i < whole.length; i += width) {
      if (Number.isFinite(whole[i])) last = whole[i] as number;
      else whole[i] = last;
    }
  }
  return whole;
}

function lastKnown(table: SeriesTable): number[] {
  return Array.from(filled(table).slice(-table.columns.length));
}
