import { createRandom, tensor } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { compose, crosses, dialLevels, shapeOf, shapesOf } from "./composition/index.js";
import { checkOptionValues, formatEstimate } from "./index.js";
import { corpusOf, randomWindows, spreadWindows } from "./language/index.js";
import { encodeApng, encodeGif, encodePng } from "./pictures/index.js";
import { trainingWindows } from "./planning/index.js";
import { columnQuantiles, fanChart, readSeries, rescaledTo, tableRows, withDoubt } from "./series/index.js";
import { type Call, type Refusing, refusalOf } from "./testing/refusal.js";

const random = createRandom(0);
const sampler = { denoise: () => undefined, timesteps: 5, diffusion: {} };
const sizes = { batch: 1, length: 2, memory: 1, seed: 0 };
const symbols = new Int32Array(10);
const file = { name: "my.txt", bytes: new Uint8Array(9) };
const pixels = { width: 1, height: 2, rgba: new Uint8Array(8) };
const frame = { pixels, milliseconds: 50 };
const table = { columns: ["a", "b"], values: new Float64Array(6) };
const forecast = { columns: ["a"], samples: 2, horizon: 3, values: new Float64Array(6) };
const estimate = { value: 1, low: 0, high: 2 };
const sequences = { frameStack: 1, lengths: [3], trajectories: [new Float32Array(9)], levels: 5, tokensPerStep: 9 };
const windows = { batch: 1, tokens: 2, levels: 3 };

const functions: Refusing = [
  [
    "compose",
    compose as Call,
    ["the sampler: the value is null; expected a sampler", null, sizes],
    ["the sampler: the value is an object with denoise", { denoise: 1 }, sizes],
    ["batch is Infinity; expected a whole number", sampler, { ...sizes, batch: Number.POSITIVE_INFINITY }],
  ],
  [
    "crosses",
    crosses as Call,
    ["the random stream: the value is 5; expected random numbers", { batch: 1, length: 2 }, 5],
  ],
  [
    "dialLevels",
    dialLevels as Call,
    ["batch is Infinity; expected a whole number", random, { ...windows, batch: Number.POSITIVE_INFINITY }],
    ["the value is undefined; expected an object", random, undefined],
    ["the random stream: the value is undefined", undefined, windows],
  ],
  [
    "shapeOf",
    shapeOf as Call,
    ["the value is null; expected positions", null],
    ["0 is null; expected two numbers", [null]],
  ],
  [
    "shapesOf",
    shapesOf as Call,
    ["the trajectories is undefined; expected a tensor", undefined],
    ["the trajectories has the shape [4]; expected [B, T, 2]", tensor(new Float32Array(4))],
    [
      "the trajectories is float32[2147483648, 4, 2], which holds",
      { dtype: "float32", shape: [2 ** 31, 4, 2], data: new Float32Array(4) },
    ],
  ],
  [
    "corpusOf",
    corpusOf as Call,
    ["the file: the value is undefined; expected a file { name, bytes }", undefined, 2],
    ["the file: the value is an object with name, bytes; expected", { name: "a", bytes: "abc" }, 2],
    ["length is -1; expected a whole number from 1", file, -1],
    ["alphabet is 5; expected a text", file, 1, 5],
  ],
  [
    "randomWindows",
    randomWindows as Call,
    ["symbols is [1, 2]; expected an Int32Array", [1, 2], 1, 1, random],
    ["count is Infinity; expected a whole number", symbols, Number.POSITIVE_INFINITY, 1, random],
    ["length is 11; expected at most 10, as there are no more", symbols, 1, 11, random],
    ["the random stream: the value is null", symbols, 1, 1, null],
  ],
  [
    "spreadWindows",
    spreadWindows as Call,
    ["symbols is null; expected an Int32Array", null, 1, 1],
    ["count is -1; expected a whole number", symbols, -1, 1],
    ["length is 0.5; expected a whole number", symbols, 1, 0.5],
  ],
  [
    "encodePng",
    encodePng as Call,
    ["the picture: the value is undefined; expected a picture { width, height, rgba }", undefined],
    ["the picture: width is NaN; expected a whole number", { ...pixels, width: Number.NaN }],
    ["the picture: rgba is [1, 2]; expected a Uint8Array", { ...pixels, rgba: [1, 2] }],
    ["the picture is 3 by 2 pixels, but has 8 numbers; expected four for each, 24", { ...pixels, width: 3 }],
  ],
  ...(
    [
      ["encodeGif", encodeGif as Call],
      ["encodeApng", encodeApng as Call],
    ] as const
  ).map(
    ([name, call]) =>
      [
        name,
        call,
        ["the value is undefined; expected frames in a list", undefined],
        ["1 is null; expected a frame { pixels, milliseconds }", [frame, null]],
        ["0.milliseconds is Infinity; expected a number from 0 to 65535", [{ ...frame, milliseconds: 1 / 0 }]],
        ["frame 1: the value is undefined; expected a picture", [frame, { milliseconds: 1, pixels: undefined }]],
        ["frame 0 is 1 by 2 pixels, but has 4 numbers", [{ ...frame, pixels: { ...pixels, rgba: new Uint8Array(4) } }]],
      ] as const,
  ),
  [
    "readSeries",
    readSeries as Call,
    ["the file: the value is undefined; expected a file", undefined],
    ["the file: the value is an object; expected a file", {}],
  ],
  [
    "tableRows",
    tableRows as Call,
    ["the table: the value is null; expected a table", null, 0, 1],
    [
      "the table: values is an array of 9 elements; expected a Float64Array",
      { columns: ["a"], values: new Array(9).fill({}) },
      0,
      1,
    ],
    ["the table: the values are 5 numbers; expected 4", { ...table, values: new Float64Array(5) }, 0, 1],
    ["the table: the times are 2 numbers; expected 3", { ...table, times: new Float64Array(2) }, 0, 1],
    ["the table: columns is []; expected at least one name", { ...table, columns: [] }, 0, 1],
    ["end is Infinity; expected a whole number", table, 0, Number.POSITIVE_INFINITY],
  ],
  ["withDoubt", withDoubt as Call, ["the table: the value is undefined; expected a table", undefined, {}]],
  ["rescaledTo", rescaledTo as Call, ["the table: the value is undefined; expected a table", {}, undefined]],
  [
    "columnQuantiles",
    columnQuantiles as Call,
    ["the forecast: the value is undefined; expected a forecast", undefined, 0],
    ["the forecast: the values are 6 numbers; expected 6442450944", { ...forecast, samples: 2 ** 31 }, 0],
    ["the column: the value is 1; expected a whole number from 0 to 0", forecast, 1],
    ["the quantiles: 0 is 2; expected a number from 0 to 1", forecast, 0, [2]],
  ],
  [
    "fanChart",
    fanChart as Call,
    ["the history: the value is null; expected a table", null, forecast],
    ["the forecast: horizon is 0.5; expected a whole number", table, { ...forecast, horizon: 0.5 }],
    [
      "the forecast: times is a Float64Array of 3 elements; expected",
      table,
      { ...forecast, times: new Float64Array(3).fill(Number.NaN) },
    ],
  ],
  [
    "formatEstimate",
    formatEstimate as Call,
    ["estimate is null; expected an estimate { value, low, high }", null],
    ['estimate.low is "0"; expected a number', { ...estimate, low: "0" }],
    ["digits is Infinity; expected a whole number from 0 to 100", estimate, 1, Number.POSITIVE_INFINITY],
    ["scale is NaN; expected a finite number", estimate, Number.NaN],
  ],
  [
    "my task",
    checkOptionValues.bind(undefined, "my task") as unknown as Call,
    ["the options that there are: the value is null; expected options by name", null, {}],
    ["the options that there are: seed is null; expected an option", { seed: null }, {}],
    ['the options that there are: seed.kind is "date"; expected', { seed: { kind: "date" } }, {}],
    ["the value is undefined; expected an object", { seed: { kind: "flag", summary: "" } }, undefined],
  ],
  [
    "normalizationCodec",
    trainingWindows as Call,
    ["the value is null; expected an object", { ...sequences, normalizer: null }],
    ["mean is null; expected", { ...sequences, normalizer: { mean: null, std: [1] } }],
  ],
];

describe.each(functions.map(([name, call, ...refusals]) => ({ name, call, refusals })))(
  "$name",
  ({ name, call, refusals }) => {
    it.each(refusals)("refuses what it cannot take: %s", async (problem, ...given) => {
      expect(await refusalOf(call, given)).toContain(`${name}: ${problem}`);
    });
  },
);
