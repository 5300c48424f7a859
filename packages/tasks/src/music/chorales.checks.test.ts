import { tensor } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import {
  type Chorale,
  choralesOf,
  notesOf,
  parseChorales,
  pianoRoll,
  readMidi,
  rollPixels,
  symbolsOf,
  writeMidi,
} from "./index.js";

const sung = new Int8Array(16 * 4).fill(60);

/** What takes chorales. */
const takers: Readonly<Record<string, (chorale: Chorale) => unknown>> = {
  writeMidi,
  notesOf,
  pianoRoll: (chorale) => pianoRoll([chorale]),
  rollPixels: (chorale) => rollPixels([chorale]),
  symbolsOf: (chorale) => symbolsOf([chorale]),
};

describe.each(Object.entries(takers))("%s", (name, take) => {
  it.each([
    [
      "a length without end",
      { pitches: sung, length: Number.POSITIVE_INFINITY },
      "length is Infinity; expected a whole",
    ],
    [
      "a length of nothing else",
      { pitches: sung, length: 2 ** 40 },
      "length is 1099511627776; expected a whole number",
    ],
    ["half a sixteenth", { pitches: sung, length: 0.5 }, "length is 0.5; expected a whole number"],
    ["a length that its pitches have not", { pitches: sung, length: 17 }, "lasts 17 sixteenths, but has 64 pitches"],
    ["a pitch that there is not", { pitches: Int8Array.of(60, 60, -7, 60), length: 1 }, "the pitch -7 at 2"],
    [
      "pitches of another kind",
      { pitches: Array.from(sung), length: 16 },
      "pitches is an array of 64 elements; expected an",
    ],
    ["no pitches", { length: 16 }, "pitches is undefined; expected a chorale { pitches, length }"],
    ["nothing", null, "the value is null; expected a chorale"],
  ])("refuses a chorale of %s", (_, chorale, problem) => {
    const call = () => take(chorale as unknown as Chorale);
    expect(call).toThrow(expect.objectContaining({ name: "DiffusionForcingError" }));
    expect(call).toThrow(problem);
    expect(call).toThrow(new RegExp(`^${name}: (the )?chorale`));
  });
});

it("draws the longest chorale that there may be", () => {
  const longest = { pitches: Int8Array.from({ length: 20_000 * 4 }, (_, i) => 60 + (i % 3)), length: 20_000 };
  expect(pianoRoll([longest])).toMatch(/<\/svg>\s*$/);
});

it("refuses lists, files and symbols that are none", () => {
  expect(() => pianoRoll(null as never)).toThrow("pianoRoll: the value is null; expected a list of chorales");
  for (const read of [parseChorales, readMidi]) {
    expect(() => read(undefined as never)).toThrow(`${read.name}: the file: the value is undefined; expected a file`);
  }
  expect(() =>
    symbolsOf([
      { pitches: sung, length: 16 },
      { pitches: sung.slice(0, 4), length: 1 },
    ]),
  ).toThrow("one length");
  expect(() => symbolsOf([{ pitches: Int8Array.of(0, 60, 60, 60), length: 1 }])).toThrow(
    "the pitch 0; expected 36 to 81",
  );
  expect(symbolsOf([]).shape).toEqual([0, 0, 4]);
  expect(() => choralesOf({ dtype: "int32", shape: [2 ** 31, 1, 4], data: new Int32Array(4) })).toThrow("have 4");
  expect(() => choralesOf(tensor(new Int32Array(4), [1, 4]))).toThrow("has the shape [1, 4]; expected [B, F, 4]");
  expect(() => choralesOf(tensor(Int32Array.of(0, 47, 1, 1), [1, 1, 4]))).toThrow("symbol 1 is 47; expected");
});
