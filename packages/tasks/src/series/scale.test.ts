import { normalizationCodec } from "@diffusion-forcing/core/bundle";
import { expect, it } from "vitest";
import { normalizationNow, scaleBefore } from "./scale.js";

/** 100 rows of two columns: steps of 2 up and down, and of 1. */
const values = Float32Array.from(
  { length: 200 },
  (_, i) => (Math.floor(i / 2) % 2 === 0 ? 1 : -1) * (i % 2 === 0 ? 2 : 1),
);
const tokens = { values, noise: new Float64Array(200) };
const job = { scaleRows: [50], columns: ["a", "b"] };

it("is the deviation of the last rows, drawn towards 1 by one row more", () => {
  expect(scaleBefore(job, tokens, 100, 0)).toBeCloseTo(Math.sqrt((1 + 50 * 4) / 51), 12);
  expect(scaleBefore(job, tokens, 100, 1)).toBe(1);
  // Ten rows are all there is before the tenth.
  expect(scaleBefore(job, tokens, 10, 0)).toBeCloseTo(Math.sqrt((1 + 10 * 4) / 11), 12);
  expect(scaleBefore({ ...job, scaleRows: [] }, tokens, 100, 0)).toBe(1);
});

it("knows how far a series went in a gap by the sum of its changes", () => {
  // The last four changes came to 6, so that each counts a fourth of 36: 9 in place of 4.
  const gap = { values: values.slice(), noise: new Float64Array(200) };
  for (const row of [96, 97, 98, 99]) [gap.values[2 * row], gap.noise[2 * row]] = [6, Math.sqrt(3)];
  expect(scaleBefore(job, gap, 100, 0)).toBeCloseTo(Math.sqrt((1 + 46 * 4 + 4 * 9) / 51), 12);
});

it("of several spans it is the geometric mean", () => {
  const calm = { values: values.map((x, i) => (i < 150 ? x : 0)), noise: tokens.noise };
  const [short, long] = [1 / 26, (1 + 25 * 4) / 51].map(Math.sqrt) as [number, number];
  expect(scaleBefore({ ...job, scaleRows: [25, 50] }, calm, 100, 0)).toBeCloseTo(Math.sqrt(short * long), 12);
});

it("takes none of what comes later, earlier, or is not known", () => {
  const spoilt = { values: values.slice(), noise: new Float64Array(200) };
  for (const row of [39, 90]) spoilt.values[2 * row] = 1000;
  for (const row of [40, 41]) [spoilt.values[2 * row], spoilt.noise[2 * row]] = [1000, Number.POSITIVE_INFINITY];
  expect(scaleBefore(job, spoilt, 90, 0)).toBeCloseTo(Math.sqrt((1 + 48 * 4) / 49), 12);
});

it("a model's units become those of a table's last rows, those of training where it looks on none", () => {
  const normalization = normalizationCodec({ mean: [0, 0], std: [0.5, 3] });
  const changes = Array.from({ length: 60 }, (_, row) => (row % 2 === 0 ? [1, 0] : [-1, 0]));
  let at = [0, 0];
  const rows = [
    at,
    ...changes.map(([a, b]) => (at = [(at[0] as number) + (a as number), (at[1] as number) + (b as number)])),
  ];
  const table = { columns: ["a", "b"], values: Float64Array.from(rows.flat()) };
  const record = { ...job, representation: "difference" } as const;
  const { mean, std } = normalizationNow(record, normalization, table).config;
  expect(mean).toEqual([0, 0]);
  // Tokens of 1 / 0.5 = 2, and of none.
  expect(std[0]).toBeCloseTo(0.5 * Math.sqrt((1 + 50 * 4) / 51), 9);
  expect(std[1]).toBeCloseTo(3 * Math.sqrt(1 / 51), 9);
  expect(normalizationNow({ ...record, scaleRows: [] }, normalization, table)).toBe(normalization);
});
