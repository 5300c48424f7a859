import { createRandom } from "@diffusion-forcing/core";
import { expect, it } from "vitest";
import type { SeriesRecord } from "./record.js";
import { randomWindows, trainingBatch, type WindowSource, windowStarts } from "./windows.js";

const record: SeriesRecord = {
  kind: "series",
  columns: ["a", "b"],
  tokens: "value",
  representation: "level",
  symmetric: false,
  scaleRows: [],
  factors: [],
  context: 2,
  horizon: 1,
  lags: [2],
  calendar: ["day"],
  trainRows: 5,
};
const hour = 3_600_000;
const source: WindowSource = {
  record,
  tokens: {
    values: Float32Array.of(1, 10, 2, 20, 3, 30, 0, 40, 5, 50),
    noise: Float64Array.of(0, 0, 0, 0, 0, 0, Number.POSITIVE_INFINITY, 0, 0, 0.5),
  },
  times: Float64Array.from({ length: 5 }, (_, row) => 6 * hour * row),
  levels: 10,
};

it("a series by itself: which it is, the time of day, the token two rows earlier; nothing is learned of what is missing", () => {
  const batch = trainingBatch(source, [{ row: 2, track: 0 }], createRandom(0));
  expect(batch.tokens.shape).toEqual([1, 3, 1]);
  expect([...batch.tokens.data]).toEqual([3, 0, 5]);
  expect([...(batch.lossMask?.data ?? [])]).toEqual([1, 0, 1]);
  expect(batch.noiseLevels?.data[1]).toBe(10);
  const rounded = [...(batch.condition?.data ?? [])].map((x) => Math.round(100 * x) / 100 || 0);
  expect(rounded).toEqual([1, 0, 0, -1, 1, 1, 0, -1, 0, 2, 1, 0, 0, 1, 3]);
});

it("rows: a token holds all series, and is at the level of the least known", () => {
  const rows = { ...source, record: { ...record, tokens: "row" as const } };
  const batch = trainingBatch(rows, [{ row: 2, track: "all" }], createRandom(0));
  expect([...batch.tokens.data]).toEqual([3, 30, 0, 40, 5, 0]);
  expect([...(batch.lossMask?.data ?? [])]).toEqual([1, 1, 0, 1, 1, 0]);
  expect([...(batch.noiseLevels?.data ?? [])].slice(1)).toEqual([10, 10]);
  expect(batch.condition?.shape).toEqual([1, 3, 4]);
});

it("windows lie within their rows, and half of a symmetric series' are upside down", () => {
  const { tokens, noiseLevels } = randomWindows(source, [0], 50, createRandom(3));
  const firsts = Array.from({ length: 50 }, (_, b) => tokens.data[3 * b] as number);
  expect(new Set(firsts)).toEqual(new Set([1, 10]));
  expect(Math.min(...(noiseLevels?.data ?? []))).toBe(1);
  const symmetric = { ...source, record: { ...record, symmetric: true } };
  const both = randomWindows(symmetric, [0], 50, createRandom(3)).tokens.data;
  expect(new Set(Array.from({ length: 50 }, (_, b) => both[3 * b] as number))).toEqual(new Set([1, -1, 10, -10]));
});

it("stretches are set aside all over the data, and no window of training reaches into them", () => {
  const { training, validation } = windowStarts({ context: 2, horizon: 1 }, { first: 1, end: 19 }, 0.3);
  expect(validation).toEqual([4, 13]);
  expect(training).toEqual([1, 7, 8, 9, 10, 16]);
  expect(windowStarts({ context: 2, horizon: 1 }, { first: 0, end: 5 }, 0)).toEqual({
    training: [0, 1, 2],
    validation: [],
  });
  expect(windowStarts({ context: 2, horizon: 1 }, { first: 0, end: 3 }, 0.1).training).toEqual([]);
});

it("tokens are told in the units of the rows before what is forecast", () => {
  // Of the first series the tokens 1, 2 and 3 are known by then: a deviation of sqrt((1 + 4 + 9) / 3) over two rows.
  const scaled = { ...source, record: { ...record, scaleRows: [2], lags: [], calendar: [] } };
  const batch = trainingBatch(scaled, [{ row: 1, track: 0 }], createRandom(0));
  const scale = Math.sqrt((1 + 4 + 9) / 3);
  expect(Array.from(batch.tokens.data)).toEqual([2, 3, 0].map((token) => expect.closeTo(token / scale, 6)));
});
