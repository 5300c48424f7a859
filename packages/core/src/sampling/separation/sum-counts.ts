import * as v from "valibot";
import { check, schemas } from "../../engine/check.js";
import { describe } from "../../engine/describe.js";
import { DiffusionForcingError } from "../../engine/errors.js";

/** What a mixture's code says of the codes of its two sources. */
export interface SumSupport {
  /** Codes of the first and of the second source, pair by pair. */
  readonly first: Int32Array;
  readonly second: Int32Array;
  /** log P(mixture's code | pair) of each pair. */
  readonly logLikelihoods: Float64Array;
}

interface AddOptions {
  /** Whether the sources may change places, as where a sum has no first: each is then counted both ways. Default false. */
  readonly symmetric?: boolean;
  /** How often each counts. Default 1. */
  readonly times?: number;
}

const addSchema = v.strictObject({
  symmetric: v.optional(v.boolean("true or false"), false),
  times: v.optional(schemas.integer(1), 1),
});

/**
 * The likelihood of a mixture by counting (Postolache et al. 2023): how often a pair of codes was heard as each code of
 * their sum, P(m | a, b) = C[a, b, m] / sum_m' C[a, b, m']. Sparse: most pairs are never heard as most codes.
 */
export class SumCounts {
  readonly categories: number;
  /** Counts by pair a V + b, then by m. */
  readonly #counts = new Map<number, Map<number, number>>();
  readonly #supports = new Map<number, SumSupport>();

  /** @param categories V: codes are 0..V - 1. @throws `invalid-argument` */
  constructor(categories: number) {
    if (!Number.isSafeInteger(categories) || categories < 2 || categories > 65_536) {
      throw new DiffusionForcingError(
        "invalid-argument",
        `SumCounts: categories is ${describe(categories)}; expected a whole number from 2 to 65536.`,
      );
    }
    this.categories = categories;
  }

  /**
   * Counts codes of sources with those of their sums, of equal numbers.
   *
   * @throws `invalid-data` for a code there is not, or another number of them; `invalid-argument`.
   */
  add(first: ArrayLike<number>, second: ArrayLike<number>, sum: ArrayLike<number>, options: AddOptions = {}): void {
    const { symmetric, times } = check("SumCounts", addSchema, options);
    for (const codes of [first, second, sum]) checkCodes("SumCounts", codes, this.categories);
    if (first.length !== second.length || first.length !== sum.length) {
      throw new DiffusionForcingError(
        "invalid-data",
        `SumCounts: ${first.length} and ${second.length} codes of sources and ${sum.length} of sums; expected as many of each.`,
      );
    }
    this.#supports.clear();
    for (let i = 0; i < sum.length; i++) {
      const [a, b, m] = [first[i] as number, second[i] as number, sum[i] as number];
      this.#count(a, b, m, times);
      if (symmetric) this.#count(b, a, m, times);
    }
  }

  #count(a: number, b: number, m: number, times: number): void {
    const pair = a * this.categories + b;
    const heard = this.#counts.get(pair) ?? new Map<number, number>();
    heard.set(m, (heard.get(m) ?? 0) + times);
    this.#counts.set(pair, heard);
  }

  /** Everything that was counted, to be kept: rows of the first code, the second, their sum's, and how often. */
  entries(): (readonly [first: number, second: number, sum: number, times: number])[] {
    return [...this.#counts].flatMap(([pair, heard]) =>
      [...heard].map(([m, times]) => [Math.floor(pair / this.categories), pair % this.categories, m, times] as const),
    );
  }

  /** Pairs that were counted. */
  get pairs(): number {
    return this.#counts.size;
  }

  /** Whether a sum was ever heard as this code. */
  has(mixture: number): boolean {
    return this.support(mixture).first.length > 0;
  }

  /** The pairs that were heard as a code, with its likelihood. @throws `invalid-data` for a code there is not */
  support(mixture: number): SumSupport {
    checkCodes("SumCounts", [mixture], this.categories);
    const known = this.#supports.get(mixture);
    if (known !== undefined) return known;
    const found = [...this.#counts].flatMap(([pair, heard]): [pair: number, log: number][] => {
      const count = heard.get(mixture);
      if (count === undefined) return [];
      const total = [...heard.values()].reduce((sum, value) => sum + value, 0);
      return [[pair, Math.log(count / total)]];
    });
    return this.#keep(mixture, found);
  }

  /** All counted pairs, none likelier than another: of a code that no sum was heard as. */
  everything(): SumSupport {
    return (
      this.#supports.get(-1) ??
      this.#keep(
        -1,
        [...this.#counts.keys()].map((pair) => [pair, 0]),
      )
    );
  }

  #keep(mixture: number, found: readonly (readonly [pair: number, log: number])[]): SumSupport {
    const support = {
      first: Int32Array.from(found, ([pair]) => Math.floor(pair / this.categories)),
      second: Int32Array.from(found, ([pair]) => pair % this.categories),
      logLikelihoods: Float64Array.from(found, ([, log]) => log),
    };
    this.#supports.set(mixture, support);
    return support;
  }
}

/** @throws `invalid-data` unless it is a list of whole numbers 0..categories - 1 */
export function checkCodes(what: string, codes: ArrayLike<number>, categories: number): void {
  if (!Array.isArray(codes) && !(ArrayBuffer.isView(codes) && "length" in codes)) {
    throw new DiffusionForcingError("invalid-data", `${what}: the codes are ${describe(codes)}; expected a list.`);
  }
  for (let i = 0; i < codes.length; i++) {
    const code: unknown = codes[i];
    if (Number.isInteger(code) && (code as number) >= 0 && (code as number) < categories) continue;
    throw new DiffusionForcingError(
      "invalid-data",
      `${what}: there is no code ${describe(code)} (number ${i}); expected whole numbers from 0 to ${categories - 1}.`,
    );
  }
}
