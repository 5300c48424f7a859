import { DiffusionForcingError, type HostTensor, type RandomStream, zeros } from "@diffusion-forcing/core";
import { check, describe, schemas } from "@diffusion-forcing/core/backend";
import * as v from "valibot";
import { checkFile, checkRandom, optionSchemas } from "../option-schemas.js";
import type { OptionFile } from "../task-options.js";

/** A text as symbols of its own alphabet; the last tenth is held out. */
export interface Corpus {
  /** Every character that occurs, in order of their codes; symbol i is character i. */
  readonly alphabet: string;
  readonly training: Int32Array;
  readonly heldOut: Int32Array;
}

const MOST_CHARACTERS = 512;

function refuse(what: string): never {
  throw new DiffusionForcingError("invalid-data", what);
}

const readingSchema = v.strictObject({ length: schemas.integer(1), alphabet: v.optional(v.string("a text")) });

/**
 * A file of UTF-8 as a corpus.
 *
 * @param alphabet of the model that is to read it; absent: the text's own.
 * @throws `invalid-argument`, `invalid-data` for a file that is no text, has too few characters for windows of `length`, or too many different
 *   ones, or one outside the alphabet.
 */
export function corpusOf(file: OptionFile, length: number, alphabet?: string): Corpus {
  checkFile("corpusOf", file);
  check("corpusOf", readingSchema, { length, alphabet });
  const { name, bytes } = file;
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new DiffusionForcingError("invalid-data", `${name} is not UTF-8 text.`, { cause });
  }
  const characters = Array.from(text);
  const known = alphabet === undefined ? [...new Set(characters)].sort() : Array.from(alphabet);
  if (characters.length < 20 * length) {
    refuse(`${name} holds ${characters.length} characters; windows of ${length} need at least ${20 * length}.`);
  }
  if (known.length < 2 || known.length > MOST_CHARACTERS) {
    refuse(`${name} holds ${known.length} different characters; expected 2 to ${MOST_CHARACTERS}.`);
  }
  const symbolOf = new Map(known.map((character, symbol) => [character, symbol]));
  const symbols = Int32Array.from(characters, (character, i) => {
    const symbol = symbolOf.get(character);
    if (symbol === undefined)
      refuse(`${name} holds ${describe(character)} at character ${i}, which the model's alphabet has not.`);
    return symbol;
  });
  const cut = Math.floor(symbols.length * 0.9);
  return { alphabet: known.join(""), training: symbols.subarray(0, cut), heldOut: symbols.subarray(cut) };
}

const windowsSchema = v.strictObject({
  symbols: optionSchemas.array<Int32Array>("Int32Array"),
  count: schemas.integer(1),
  length: schemas.integer(1),
});

/** Windows that begin at the given symbols, int32 [count, length]. */
function windowsOf(
  what: string,
  given: v.InferOutput<typeof windowsSchema>,
  startOf: (window: number, last: number) => number,
): HostTensor<"int32"> {
  const { symbols, count, length } = check(what, windowsSchema, given);
  if (length > symbols.length) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `${what}: length is ${length}; expected at most ${symbols.length}, as there are no more symbols. Give a longer text, or take shorter windows.`,
    );
  }
  const windows = zeros("int32", [count, length]);
  for (let window = 0; window < count; window++) {
    const start = startOf(window, symbols.length - length);
    windows.data.set(symbols.subarray(start, start + length), window * length);
  }
  return windows;
}

/** `count` windows of `length` symbols from random places, int32 [count, length]. @throws `invalid-argument` */
export function randomWindows(
  symbols: Int32Array,
  count: number,
  length: number,
  random: RandomStream,
): HostTensor<"int32"> {
  checkRandom("randomWindows", random);
  return windowsOf("randomWindows", { symbols, count, length }, (_, last) => random.integer(0, last + 1));
}

/**
 * `count` windows at equal distances, which do not overlap if there is room, int32 [count, length].
 *
 * @throws `invalid-argument`
 */
export function spreadWindows(symbols: Int32Array, count: number, length: number): HostTensor<"int32"> {
  return windowsOf("spreadWindows", { symbols, count, length }, (window, last) =>
    Math.floor((last * window) / Math.max(count - 1, 1)),
  );
}
