import { DiffusionForcingError, type HostTensor, type RandomStream, tensor } from "@diffusion-forcing/core";
import { describe } from "@diffusion-forcing/core/backend";
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

/**
 * A file of UTF-8 as a corpus.
 *
 * @param alphabet of the model that is to read it; absent: the text's own.
 * @throws `invalid-data` for a file that is no text, has too few characters for windows of `length`, or too many different
 *   ones, or one outside the alphabet.
 */
export function corpusOf({ name, bytes }: OptionFile, length: number, alphabet?: string): Corpus {
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

/** `batch` windows of `length` symbols from random places, int32 [batch, length]. */
export function randomWindows(
  symbols: Int32Array,
  batch: number,
  length: number,
  random: RandomStream,
): HostTensor<"int32"> {
  const data = new Int32Array(batch * length);
  for (let b = 0; b < batch; b++) {
    const start = random.integer(0, symbols.length - length + 1);
    data.set(symbols.subarray(start, start + length), b * length);
  }
  return tensor(data, [batch, length]);
}

/** `count` windows at equal distances, which do not overlap if there is room, int32 [count, length]. */
export function spreadWindows(symbols: Int32Array, count: number, length: number): HostTensor<"int32"> {
  const data = new Int32Array(count * length);
  for (let b = 0; b < count; b++) {
    const start = Math.floor(((symbols.length - length) * b) / Math.max(count - 1, 1));
    data.set(symbols.subarray(start, start + length), b * length);
  }
  return tensor(data, [count, length]);
}
