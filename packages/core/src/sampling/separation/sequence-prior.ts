import * as v from "valibot";
import { check, schemas } from "../../engine/check.js";
import { DiffusionForcingError } from "../../engine/errors.js";

/** What is known of a sequence of symbols before any of it is heard: the law of each symbol given those before it. */
export interface SequencePrior {
  /** V: symbols are 0..V - 1. */
  readonly categories: number;
  /**
   * How many of the last symbols the law of the next depends on, if not on all, at least 1. It is then asked about those
   * alone; searches keep one hypothesis of those that end alike, and are exact with few.
   */
  readonly order?: number;
  /** Longest prefix it can be asked about. Absent: any. */
  readonly longest?: number;
  /** log p(symbol | prefix) of every symbol, V numbers for each prefix; prefixes are of one length. */
  logProbs(
    prefixes: readonly (readonly number[])[],
  ): readonly ArrayLike<number>[] | Promise<readonly ArrayLike<number>[]>;
}

/** A prior that holds what was compiled for it. */
export interface CompiledPrior extends SequencePrior {
  dispose(): Promise<void>;
}

export interface MarkovPriorOptions {
  /** Probabilities of the first symbol, [V]. */
  readonly initial: readonly number[];
  /** Probabilities of the next symbol after each, [V][V]. */
  readonly transition: readonly (readonly number[])[];
}

const row = schemas.satisfying<readonly number[]>(
  "probabilities that add up to 1",
  (value) =>
    Array.isArray(value) &&
    Array.from<unknown>(value).every((p) => typeof p === "number" && p >= 0) &&
    Math.abs(value.reduce((sum, p) => sum + p, 0) - 1) < 2 ** -20,
);
const schema = v.strictObject({ initial: row, transition: v.array(row) });

/**
 * A Markov chain as a prior: of counted pairs, or to try a search on.
 *
 * @throws `invalid-argument` for rows that are no distributions over the same symbols.
 */
export function markovPrior(options: MarkovPriorOptions): SequencePrior {
  const { initial, transition } = check("markovPrior", schema, options);
  const categories = initial.length;
  const odd = transition.find(({ length }) => length !== categories);
  if (transition.length !== categories || odd !== undefined) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `markovPrior: transition has ${transition.length} rows${odd ? `, one of ${odd.length}` : ""}; expected ${categories} of ${categories}, as many as initial has.`,
    );
  }
  const logs = (probabilities: readonly number[]): Float64Array => Float64Array.from(probabilities, Math.log);
  const [first, rest] = [logs(initial), transition.map(logs)];
  return {
    categories,
    order: 1,
    logProbs: (prefixes) =>
      prefixes.map((prefix) => (prefix.length === 0 ? first : (rest[prefix.at(-1) as number] as Float64Array))),
  };
}
