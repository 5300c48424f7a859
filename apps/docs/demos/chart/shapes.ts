/** Where something stands in a chart, in the chart's own units. */
export type Point = readonly [x: number, y: number];

/** Points joined by a line; where a number is missing (NaN) it breaks off. */
export interface Line {
  readonly points: readonly Point[];
  /** Its class: how it looks. */
  readonly look: string;
}

/** What lies between a lower and an upper line. */
export interface Area {
  readonly low: readonly Point[];
  readonly high: readonly Point[];
  readonly look: string;
}

export interface Dot {
  readonly at: Point;
  readonly look: string;
  /** In pixels. */
  readonly radius: number;
}

/** The whole height from one x to another, tinted. */
export interface Column {
  readonly from: number;
  readonly to: number;
  readonly fill: string;
}

/** A word at the lower edge. */
export interface Label {
  readonly at: number;
  readonly text: string;
}

/** From the chart's units to pixels. */
export type Scale = (value: number) => number;

/** A linear or logarithmic scale from `from` to `to` pixels; a logarithmic one holds what lies outside at its ends. */
export function scaleOf(range: Point, [from, to]: Point, isLogarithmic = false): Scale {
  const [low, high] = range;
  if (!isLogarithmic) return (value) => from + ((value - low) / (high - low || 1)) * (to - from);
  return (value) => from + (Math.log(Math.min(Math.max(value, low), high) / low) / Math.log(high / low)) * (to - from);
}

/** The path of a line, begun anew after each gap; a single point between two gaps is a short dash. */
export function linePath(points: readonly Point[], x: Scale, y: Scale): string {
  let path = "";
  let joined = 0;
  for (const [i, [at, value]] of points.entries()) {
    if (!Number.isFinite(value)) {
      joined = 0;
      continue;
    }
    const [px, py] = [x(at), y(value).toFixed(1)];
    const isAlone = joined === 0 && !Number.isFinite(points[i + 1]?.[1] ?? Number.NaN);
    if (isAlone) path += `M${(px - 2).toFixed(1)} ${py}h4`;
    else path += `${joined === 0 ? "M" : "L"}${px.toFixed(1)} ${py}`;
    joined++;
  }
  return path;
}

export function areaPath({ low, high }: Area, x: Scale, y: Scale): string {
  const around = [...low, ...high.toReversed()];
  return around.length === 0 ? "" : `${linePath(around, x, y)}Z`;
}

/** As many digits as tell round numbers apart that lie so far from each other: steps of 0.025 take three. */
export function digitsOf(step: number): number {
  return [0, 1, 2, 3, 4, 5, 6, 7].find((digits) => Math.abs((step * 10 ** digits) % 1) < 1e-6) ?? 8;
}
