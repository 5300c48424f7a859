import { DiffusionForcingError } from "@diffusion-forcing/core";
import { check, describe, schemas } from "@diffusion-forcing/core/backend";
import { parseJson } from "@diffusion-forcing/core/bundle";
import * as v from "valibot";
import { checkFile, optionSchemas } from "../option-schemas.js";

/** Soprano, alto, tenor and bass. */
export const VOICES = 4;
/** Sixteenths in a bar: the metre is four quarters. */
export const BAR = 16;
/** Sixteenths in a beat. Excerpts may begin on any, since the data do not say where bars do. */
export const BEAT = 4;
/** MIDI numbers, inclusive: C2 to A5, what choirs sing. */
export const LOWEST_PITCH = 36;
export const HIGHEST_PITCH = 81;
/** Symbols of a voice at a sixteenth: 0 for silence, then the pitches. */
export const SYMBOLS: number = HIGHEST_PITCH - LOWEST_PITCH + 2;

/**
 * Four voices, sixteenth by sixteenth: MIDI numbers in rows of four, highest voice first, -1 for silence. A pitch that
 * goes on is a note that is held.
 */
export interface Chorale {
  readonly pitches: Int8Array;
  /** Sixteenths. */
  readonly length: number;
}

/** Sixteenths of the longest chorale: an hour of slow music. */
export const LONGEST = 20_000;

const choraleSchema = v.object(
  { pitches: optionSchemas.array<Int8Array>("Int8Array"), length: schemas.integer(0, LONGEST) },
  "a chorale { pitches, length }",
);

/**
 * The check of a chorale wherever one comes in from outside: its length is that of its pitches, which are MIDI numbers.
 *
 * @throws `invalid-argument`, `shape-mismatch` for pitches that are not four for each sixteenth, `invalid-data` for a
 *   pitch below -1
 */
export function checkChorale(what: string, value: unknown): void {
  const { pitches, length } = check(what, choraleSchema, value);
  if (pitches.length !== length * VOICES) {
    throw new DiffusionForcingError(
      "shape-mismatch",
      `${what} lasts ${length} sixteenths, but has ${pitches.length} pitches; expected four for each, ${length * VOICES}.`,
    );
  }
  const bad = pitches.findIndex((pitch) => pitch < -1);
  if (bad >= 0)
    throw invalid(`${what} has the pitch ${pitches[bad]} at ${bad}; expected MIDI numbers, or -1 for silence`);
}

/** Each of a list checked by {@link checkChorale}. */
export function checkChorales(what: string, value: unknown): void {
  for (const [i, chorale] of check(what, choralesSchema, value).entries())
    checkChorale(`${what}: chorale ${i}`, chorale);
}

const choralesSchema = v.array(v.unknown(), "a list of chorales");

/** Chorales to train on, to stop or choose by, and to measure with. */
export interface ChoraleSplit {
  readonly train: readonly Chorale[];
  readonly valid: readonly Chorale[];
  readonly test: readonly Chorale[];
}

const fileSchema = v.strictObject({
  train: v.array(v.unknown(), "a list of chorales"),
  valid: v.array(v.unknown(), "a list of chorales"),
  test: v.array(v.unknown(), "a list of chorales"),
});

/** Some ten thousand chorales. */
const MOST_BYTES = 64_000_000;

/** A file of the user's: its name, for messages, and its bytes. */
export interface ChoraleFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * Reads chorales as JSON: an object whose `train`, `valid` and `test` are lists of chorales, each a list of sixteenths,
 * each four MIDI numbers (soprano to bass), -1 for silence. That is the layout of the JSB Chorales in sixteenths.
 *
 * @throws `corrupt-file` for what is no such JSON, `invalid-data` for an empty set, for pitches that there are not,
 *   naming set, chorale and sixteenth, and for more than 20,000 of these.
 */
export function parseChorales(file: ChoraleFile): ChoraleSplit {
  checkFile("parseChorales", file);
  const { name, bytes } = file;
  const json = check(name, fileSchema, parseJson(name, bytes, { maxBytes: MOST_BYTES }), "corrupt-file");
  const chorales = (set: keyof ChoraleSplit): Chorale[] => {
    const list = json[set];
    if (list.length === 0) throw invalid(`${name}: ${set} is empty; expected at least one chorale`);
    return list.map((rows, i) => choraleOf(`${name}: ${set}[${i}]`, rows));
  };
  return { train: chorales("train"), valid: chorales("valid"), test: chorales("test") };
}

/** @param rows sixteenths of four MIDI numbers */
function choraleOf(what: string, rows: unknown): Chorale {
  if (!Array.isArray(rows) || rows.length === 0) throw invalid(`${what} is no list of sixteenths, or an empty one`);
  if (rows.length > LONGEST) throw invalid(`${what} lasts ${rows.length} sixteenths; at most ${LONGEST} are read`);
  const pitches = new Int8Array(rows.length * VOICES);
  rows.forEach((row: unknown, time) => {
    if (!Array.isArray(row) || row.length !== VOICES || !row.every(isPitch)) {
      const legal = `${LOWEST_PITCH} to ${HIGHEST_PITCH}, or -1 for silence`;
      throw invalid(`${what}[${time}] is ${describe(row)}; expected four MIDI numbers from ${legal}`);
    }
    pitches.set(row as number[], time * VOICES);
  });
  return { pitches, length: rows.length };
}

function isPitch(value: unknown): boolean {
  return value === -1 || (Number.isInteger(value) && isInRange(value as number));
}

/** Whether choirs sing it, and the model knows it. */
export function isInRange(pitch: number): boolean {
  return pitch >= LOWEST_PITCH && pitch <= HIGHEST_PITCH;
}

function invalid(problem: string): DiffusionForcingError {
  return new DiffusionForcingError("invalid-data", `${problem}.`);
}
