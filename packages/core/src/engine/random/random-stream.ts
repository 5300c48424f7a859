import * as v from "valibot";
import { check, schemas } from "../check.js";
import { describe } from "../describe.js";
import { DiffusionForcingError } from "../errors.js";
import { typedArrayName } from "../typed-array-name.js";
import { normalQuantile } from "./normal-quantile.js";
import { threefry2x32 } from "./threefry.js";

/** A seed: any safe integer from 0, the two 32-bit words of the generator's key themselves, or a stream of numbers. */
export type RandomSeed = number | readonly [number, number] | RandomStream;

/** Where a {@link RandomStream} stands: plain JSON. The same state gives the same numbers in every release. */
export interface RandomState {
  readonly algorithm: "threefry2x32-20";
  /** The key's two words, each 0..2^32-1. */
  readonly key: readonly [number, number];
  /** How many 32-bit words have been drawn. */
  readonly position: number;
}

const TWO_TO_32 = 4294967296;

/** A limit may be infinite: that of a process without one. */
const normalSchema = v.strictObject({
  clip: v.optional(schemas.satisfying<number>("a positive number", (clip) => typeof clip === "number" && clip > 0)),
});

/** Far beyond what can be drawn, and far enough below 2^53 that counting on from it stays exact. */
const MAX_POSITION = 2 ** 52;

/**
 * Keeps the keys of children apart from the numbers of their parent: children are derived under the parent's key with
 * its bits flipped by this. The digits of 1 / the golden ratio and of sqrt(2) - 1: any fixed words would do.
 */
const SPLIT_KEY_MASK: readonly [number, number] = [0x9e3779b9, 0x6a09e667];

/**
 * A stream of random numbers: the words of {@link threefry2x32} for the counters 0, 1, 2, ... under one key, two words
 * a counter. Equal seeds give equal bits in every JavaScript engine, because only 32-bit integer operations, float64
 * arithmetic and square roots are used.
 *
 * How many words each draw takes is part of the contract: one for `nextUint32`, `uniform` and `normal`, and one for
 * every attempt of `integer`. Filling an array draws its elements in order exactly as one by one.
 */
export class RandomStream {
  private readonly key0: number;
  private readonly key1: number;
  // The counter of the next block, as two words, the lower one signed so that it stays a small integer in V8.
  private counterLow: number;
  private counterHigh: number;
  private secondWordPending: boolean;
  private readonly block: Uint32Array = new Uint32Array(2);

  private constructor(key0: number, key1: number, position: number) {
    this.key0 = key0 | 0;
    this.key1 = key1 | 0;
    const counter = Math.floor(position / 2);
    this.counterLow = counter | 0;
    this.counterHigh = Math.floor(counter / TWO_TO_32);
    this.secondWordPending = false;
    if (position % 2 === 1) this.nextUint32();
  }

  /**
   * The stream that continues from a state taken by {@link RandomStream.state}, also after a trip through JSON.
   *
   * @throws `invalid-argument` if the state is not one.
   */
  static fromState(state: RandomState): RandomStream {
    const { algorithm, key, position } = state ?? {};
    if (algorithm !== "threefry2x32-20") {
      throw new DiffusionForcingError(
        "invalid-argument",
        `RandomStream.fromState: the state is of algorithm ${describe(algorithm)}; expected "threefry2x32-20".`,
      );
    }
    checkKey(key, "RandomStream.fromState");
    if (!Number.isInteger(position) || position < 0 || position > MAX_POSITION) {
      throw new DiffusionForcingError(
        "invalid-argument",
        `RandomStream.fromState: got position ${describe(position)}; expected an integer from 0 to 2^52.`,
      );
    }
    return new RandomStream(key[0], key[1], position);
  }

  /** A snapshot from which {@link RandomStream.fromState} continues with exactly the numbers that come next here. */
  state(): RandomState {
    const counter = this.counterHigh * TWO_TO_32 + (this.counterLow >>> 0);
    return {
      algorithm: "threefry2x32-20",
      key: [this.key0 >>> 0, this.key1 >>> 0],
      position: 2 * counter - (this.secondWordPending ? 1 : 0),
    };
  }

  /**
   * An independent stream named by `label`, a string or a safe integer from 0. It depends on this stream's key and on
   * the label alone: not on how much has been drawn here, and splitting draws nothing. The same label gives the same
   * child every time; the number 1 and the string "1" are different labels.
   *
   * @throws `invalid-argument` for a label of another kind.
   */
  split(label: string | number): RandomStream {
    const hash = new Uint32Array(2);
    const absorb = (word0: number, word1: number) => threefry2x32(hash[0]!, hash[1]!, word0, word1, hash);
    hash[0] = this.key0 ^ SPLIT_KEY_MASK[0];
    hash[1] = this.key1 ^ SPLIT_KEY_MASK[1];
    if (typeof label !== "string") {
      const [low, high] = wordsOfInteger(label, "split: label", "a string or an integer");
      absorb(0, 0);
      absorb(low, high);
    } else {
      // The length first, so that no label's words are the beginning of another's.
      absorb(1, label.length);
      for (let i = 0; i < label.length; i += 2) {
        absorb(label.charCodeAt(i), i + 1 < label.length ? label.charCodeAt(i + 1) : 0);
      }
    }
    return new RandomStream(hash[0], hash[1], 0);
  }

  /** The next word of the stream: an integer uniform over 0..2^32-1. */
  nextUint32(): number {
    if (this.secondWordPending) {
      this.secondWordPending = false;
      return this.block[1]!;
    }
    threefry2x32(this.key0, this.key1, this.counterLow, this.counterHigh, this.block);
    this.counterLow = (this.counterLow + 1) | 0;
    if (this.counterLow === 0) this.counterHigh++;
    this.secondWordPending = true;
    return this.block[0]!;
  }

  /** A float64 uniform over [0, 1): one word divided by 2^32, exactly. */
  uniform(): number {
    return this.nextUint32() / TWO_TO_32;
  }

  /** An integer uniform over low..high-1, exactly: words of the incomplete last cycle of `high - low` are redrawn. */
  integer(lowInclusive: number, highExclusive: number): number {
    const range = checkRange(lowInclusive, highExclusive, "integer");
    return lowInclusive + this.belowRange(range);
  }

  /** A standard normal float64: the quantile of (word + 1/2) / 2^32. Never beyond +-6.24. */
  normal(): number {
    return normalQuantile((this.nextUint32() + 0.5) / TWO_TO_32);
  }

  /**
   * Fills `target` with uniforms of [0, 1): each {@link RandomStream.uniform} cut to its upper 24 bits, which float32
   * holds exactly. (Rounding instead would give 1 now and then.)
   */
  fillUniform(target: Float32Array): void {
    checkTarget(target, "Float32Array", "fillUniform");
    for (let i = 0; i < target.length; i++) target[i] = (this.nextUint32() >>> 8) / 16777216;
  }

  /** Fills `target` with integers uniform over low..high-1, each as by {@link RandomStream.integer}. */
  fillIntegers(target: Int32Array, lowInclusive: number, highExclusive: number): void {
    checkTarget(target, "Int32Array", "fillIntegers");
    const range = checkRange(lowInclusive, highExclusive, "fillIntegers");
    if (lowInclusive < -2147483648 || highExclusive > 2147483648) {
      throw new DiffusionForcingError(
        "invalid-argument",
        `fillIntegers: got the range ${lowInclusive}..${highExclusive}; an Int32Array holds -2^31 to 2^31 - 1.`,
      );
    }
    for (let i = 0; i < target.length; i++) target[i] = lowInclusive + this.belowRange(range);
  }

  /**
   * Fills `target` with standard normals: each {@link RandomStream.normal}, clamped to +-`clip` if given, rounded to
   * float32.
   */
  fillNormal(target: Float32Array, options: { readonly clip?: number } = {}): void {
    checkTarget(target, "Float32Array", "fillNormal");
    const { clip } = check("fillNormal", normalSchema, options);
    for (let i = 0; i < target.length; i++) target[i] = this.normal();
    if (clip === undefined) return;
    // Rounding is monotone, so clamping the rounded values gives the rounded clamped ones.
    for (let i = 0; i < target.length; i++) target[i] = Math.max(-clip, Math.min(clip, target[i]!));
  }

  private belowRange(range: number): number {
    const end = TWO_TO_32 - (TWO_TO_32 % range);
    let word = this.nextUint32();
    while (word >= end) word = this.nextUint32();
    return word % range;
  }
}

/**
 * The stream of a seed, at its beginning.
 *
 * @throws `invalid-argument` if the seed is neither a safe integer from 0 nor two 32-bit words.
 */
export function createRandom(seed: RandomSeed): RandomStream {
  if (typeof seed === "object" && seed !== null && "nextUint32" in seed) return seed;
  const key = typeof seed === "number" ? wordsOfInteger(seed, "createRandom: seed") : seed;
  checkKey(key, "createRandom");
  return RandomStream.fromState({ algorithm: "threefry2x32-20", key, position: 0 });
}

/** Lower and upper 32 bits of a safe integer from 0. */
function wordsOfInteger(value: number, what: string, expected = "an integer"): [number, number] {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `${what} is ${describe(value)}; expected ${expected} from 0 to 2^53 - 1.`,
    );
  }
  return [value >>> 0, Math.floor(value / TWO_TO_32)];
}

/** Before the loop, which pays for nothing. */
function checkTarget(target: unknown, type: "Float32Array" | "Int32Array", what: string): void {
  if (typedArrayName(target) === type) return;
  throw new DiffusionForcingError("invalid-argument", `${what}: the target is ${describe(target)}; expected ${type}.`);
}

function checkKey(key: readonly number[], what: string): void {
  const isWord = (word: number) => Number.isInteger(word) && word >= 0 && word < TWO_TO_32;
  if (!Array.isArray(key) || key.length !== 2 || !key.every(isWord)) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `${what}: got the key ${describe(key)}; expected two integers from 0 to 2^32 - 1.`,
    );
  }
}

/** The number of integers in low..high-1, checked to be 1..2^32. */
function checkRange(low: number, high: number, what: string): number {
  const isRange = Number.isSafeInteger(low) && Number.isSafeInteger(high) && high > low && high - low <= TWO_TO_32;
  if (!isRange) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `${what}: got the range ${describe(low)}..${describe(high)} (upper end excluded); expected integers 1 to 2^32 apart.`,
    );
  }
  return high - low;
}
