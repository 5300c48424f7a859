import * as v from "valibot";
import { check, schemas } from "../engine/check.js";
import { isNumberList } from "../engine/typed-array-name.js";

/** Log probabilities of one sequence's outputs, N rows of V + 1; output 0 is the blank. */
export type CtcOutputs = readonly ArrayLike<number>[];

export interface CtcHypothesis {
  readonly symbols: readonly number[];
  /** Logarithm of the sum over the alignments that were kept. */
  readonly logProbability: number;
}

const outputsSchema = schemas.satisfying<CtcOutputs>(
  "rows of log probabilities, all of one length and at least two long, none of them NaN or infinite upwards",
  (value) => Array.isArray(value) && Array.from(value).every((row) => isLaw(row) && row.length === value[0].length),
);

function isLaw(row: unknown): row is ArrayLike<number> {
  return (
    isNumberList(row) &&
    row.length > 1 &&
    Array.from<unknown>(row).every((value) => typeof value === "number" && value < Number.POSITIVE_INFINITY)
  );
}

const beamSchema = v.strictObject({
  width: v.optional(schemas.integer(1, 100_000), 16),
  lengthNormalization: v.optional(schemas.number(0), 0),
});

/** The likeliest alignment, collapsed: repeats joined, blanks left out. @throws `invalid-argument` */
export function ctcGreedy(outputs: CtcOutputs): number[] {
  check("ctcGreedy", outputsSchema, outputs);
  const best = outputs.map((row) =>
    Array.from(row).reduce((most, value, k) => (value > (row[most] as number) ? k : most), 0),
  );
  return best.filter((output, n) => output !== 0 && output !== best[n - 1]).map((output) => output - 1);
}

export interface CtcBeamOptions {
  /** Prefixes kept. Default 16. */
  readonly width?: number;
  /**
   * Hypotheses are ordered by log probability / length^alpha: 0, the default, by probability alone; above 0 longer ones are
   * preferred.
   */
  readonly lengthNormalization?: number;
}

const logAdd = (a: number, b: number): number => {
  const high = Math.max(a, b);
  return high === Number.NEGATIVE_INFINITY ? high : high + Math.log(Math.exp(a - high) + Math.exp(b - high));
};

/**
 * Prefix beam search (Hannun et al. 2014): every prefix gathers its alignments, apart for those that end in a blank, so
 * that with a beam wide enough the first hypothesis is the likeliest sequence.
 *
 * @returns the hypotheses of the last beam, the best first.
 * @throws `invalid-argument`
 */
export function ctcBeam(outputs: CtcOutputs, options: CtcBeamOptions = {}): CtcHypothesis[] {
  const { width, lengthNormalization } = check("ctcBeam", beamSchema, options);
  check("ctcBeam", outputsSchema, outputs);
  interface Entry {
    readonly symbols: readonly number[];
    blank: number;
    symbol: number;
  }
  const total = ({ blank, symbol }: Entry): number => logAdd(blank, symbol);
  const never = Number.NEGATIVE_INFINITY;
  let beam: Entry[] = [{ symbols: [], blank: 0, symbol: never }];
  for (const row of outputs) {
    const next = new Map<string, Entry>();
    const entry = (symbols: readonly number[]): Entry => {
      const key = symbols.join();
      const found = next.get(key) ?? { symbols, blank: never, symbol: never };
      next.set(key, found);
      return found;
    };
    for (const prefix of beam) {
      const { symbols, blank, symbol } = prefix;
      const same = entry(symbols);
      same.blank = logAdd(same.blank, total(prefix) + (row[0] as number));
      const last = symbols.at(-1);
      if (last !== undefined) same.symbol = logAdd(same.symbol, symbol + (row[last + 1] as number));
      for (let k = 0; k < row.length - 1; k++) {
        const longer = entry([...symbols, k]);
        longer.symbol = logAdd(longer.symbol, (k === last ? blank : total(prefix)) + (row[k + 1] as number));
      }
    }
    beam = [...next.values()].sort((a, b) => total(b) - total(a)).slice(0, width);
  }
  const score = ({ symbols, logProbability }: CtcHypothesis): number =>
    logProbability / Math.max(symbols.length, 1) ** lengthNormalization;
  return beam.map((one) => ({ symbols: one.symbols, logProbability: total(one) })).sort((a, b) => score(b) - score(a));
}
