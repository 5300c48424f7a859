import { expect, it } from "vitest";
import { tensor } from "../../engine/tensor/tensor.js";
import { applyModel, drawnParameters } from "../../testing/apply-model.js";
import { normalDistribution } from "../../testing/statistics.js";
import { drawTensor } from "../../testing/values.js";
import { type DiT3dOptions, dit3d } from "./index.js";

const [width, heads, patch, height, columns, length] = [12, 2, 2, 4, 6, 3];
const grid = { rows: height / patch, columns: columns / patch };
const patches = grid.rows * grid.columns;
const levels = [0, 4, 10];

const gelu = (x: number): number => x * normalDistribution(x);
const silu = (x: number): number => x / (1 + Math.exp(-x));
/** Cosines and sines of a place, of `pairs` frequencies 10000^(-j / pairs). */
function sinusoid(place: number, pairs: number): number[] {
  const angles = Array.from({ length: pairs }, (_, j) => place * 10000 ** (-j / pairs));
  return [...angles.map(Math.cos), ...angles.map(Math.sin)];
}

/** The model in plain loops: DiT with a level for each frame, causal over frames. */
function plain(
  data: ArrayLike<number>,
  condition: ArrayLike<number>,
  weights: ReturnType<typeof drawnParameters>,
  { attention = "full", causal = true, layers = 2 }: Partial<DiT3dOptions>,
): number[] {
  const linear = (name: string, x: readonly number[]): number[] =>
    Array.from(weights[`${name}.bias`]!.data, (bias, o) =>
      x.reduce((sum, value, i) => sum + value * weights[`${name}.weight`]!.data[o * x.length + i]!, bias),
    );
  const plus = (a: readonly number[], b: readonly number[], gate?: readonly number[]): number[] =>
    a.map((value, i) => value + b[i]! * (gate?.[i] ?? 1));
  const parts = (all: readonly number[], count: number): number[][] =>
    Array.from({ length: count }, (_, i) => all.slice((i * all.length) / count, ((i + 1) * all.length) / count));
  const modulated = (x: readonly number[], shift: readonly number[], scale: readonly number[]): number[] => {
    const mean = x.reduce((sum, value) => sum + value / width, 0);
    const variance = x.reduce((sum, value) => sum + (value - mean) ** 2 / width, 0);
    return x.map((value, i) => ((value - mean) / Math.sqrt(variance + 1e-6)) * (1 + scale[i]!) + shift[i]!);
  };
  /** Places of a patch's pixels in a frame, row by row. */
  const pixels = (n: number): number[] => {
    const [row, column] = [Math.floor(n / grid.columns), n % grid.columns];
    return [0, 1].flatMap((i) => [0, 1].map((j) => (2 * row + i) * columns + 2 * column + j));
  };
  const frames = levels.map((level, t) => {
    const embedded = linear("level2", linear("level1", sinusoid(level, width / 2)).map(silu));
    return plus(embedded, linear("condition", [condition[t]!])).map(silu);
  });
  let rows = levels.flatMap((_, t) =>
    Array.from({ length: patches }, (_, n) => {
      const cut = pixels(n).map((at) => data[t * height * columns + at]!);
      const places = [t, Math.floor(n / grid.columns), n % grid.columns];
      return plus(
        linear("patches", cut),
        places.flatMap((place) => sinusoid(place, width / 6)),
      );
    }),
  );
  for (let index = 0; index < layers; index++) {
    const of = (name: string): string => `layers.${index}.${name}`;
    const modulation = frames.map((frame) => parts(linear(of("modulation"), frame), 6));
    const [shift1, scale1, gate1, shift2, scale2, gate2] = [0, 1, 2, 3, 4, 5].map(
      (i) => (r: number) => modulation[Math.floor(r / patches)]![i]!,
    ) as ((r: number) => number[])[];
    const projected = rows.map((x, r) => parts(linear(of("projection"), modulated(x, shift1!(r), scale1!(r))), 3));
    const sees = (r: number, s: number): boolean => {
      const [[t, n], [u, m]] = [r, s].map((row) => [Math.floor(row / patches), row % patches]) as [number[], number[]];
      const reaches = attention === "full" || (index % 2 === 0 ? t === u : n === m);
      return reaches && (!causal || u! <= t!);
    };
    const mixed = projected.map(([query], r) =>
      Array.from({ length: heads }, (_, head) => {
        const own = (x: readonly number[]) => parts(x, heads)[head]!;
        const seen = projected.flatMap(([, key, value], s) => {
          const product = own(query!).reduce((sum, q, i) => sum + q * own(key!)[i]!, 0);
          return sees(r, s) ? [{ share: Math.exp(product / Math.sqrt(width / heads)), value: own(value!) }] : [];
        });
        const total = seen.reduce((sum, { share }) => sum + share, 0);
        return own(query!).map((_, i) => seen.reduce((sum, { share, value }) => sum + (share / total) * value[i]!, 0));
      }).flat(),
    );
    rows = rows.map((x, r) => {
      const first = plus(x, linear(of("output"), mixed[r]!), gate1!(r));
      const hidden = linear(of("feedForward1"), modulated(first, shift2!(r), scale2!(r))).map(gelu);
      return plus(first, linear(of("feedForward2"), hidden), gate2!(r));
    });
  }
  const result = new Array<number>(length * height * columns).fill(0);
  rows.forEach((x, r) => {
    const t = Math.floor(r / patches);
    const [shift, scale] = parts(linear("modulation", frames[t]!), 2) as [number[], number[]];
    const made = linear("output", modulated(x, shift, scale));
    pixels(r % patches).forEach((at, i) => {
      result[t * height * columns + at] = made[i]!;
    });
  });
  return result;
}

it.each<Partial<DiT3dOptions>>([
  { attention: "full" },
  { attention: "full", causal: false },
  { attention: "factorized" },
  { attention: "factorized", causal: false },
])("is what plain loops compute, frames that are wider than high: %j", (options) => {
  const tokenShape = [1, height, columns];
  const sizes = { tokenShape, patchSize: patch, width, heads, layers: 2, feedForward: 10, conditionFeatures: 1 };
  const model = dit3d({ ...sizes, positions: "sinusoidal", ...options });
  const weights = drawnParameters(model);
  const tokens = drawTensor({ dtype: "float32", shape: [1, length, ...tokenShape], low: -1, high: 1 }, 3);
  const condition = tensor([0.5, -1, 2], [1, length, 1]);
  const noiseLevels = tensor(Int32Array.from(levels), [1, length]);
  const { data } = applyModel(model, weights, { tokens, noiseLevels, condition });
  const expected = plain(tokens.data, condition.data, weights, options);
  expect([...data]).toEqual(expected.map((value) => expect.closeTo(value, 3)));
  expect(Math.max(...expected.map(Math.abs))).toBeGreaterThan(0.3);
});
