import * as v from "valibot";
import { check, schemas } from "../engine/check.js";
import { describe } from "../engine/describe.js";
import { DiffusionForcingError } from "../engine/errors.js";
import {
  add,
  concat,
  exp,
  log,
  matmul,
  max,
  maximum,
  neg,
  reshape,
  slice,
  sub,
  sum,
} from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import { type HostTensor, tensor } from "../engine/tensor/tensor.js";

// Connectionist temporal classification (Graves et al. 2006): outputs 0 is the blank, symbol k is output k + 1.

/** Targets as a graph reads them, of B sequences of up to L symbols: S = 2 L + 1 states, blanks and symbols in turn. */
export interface CtcTargets {
  /** One-hot outputs of the states, float32 [B, S, V + 1]. */
  readonly states: HostTensor<"float32">;
  /** Added to the logarithm of a move past a blank: 0 where it may be left out, else a number that makes it impossible; [B, S]. */
  readonly skips: HostTensor<"float32">;
  /** Likewise of ending in a state, [B, S]. */
  readonly ends: HostTensor<"float32">;
}

/** As a logarithm, as good as minus infinity, and finite. */
const NEVER = -1e9;

/** What one state of one target takes is a row of the alphabet: so many numbers are a gigabyte. */
const MOST_NUMBERS = 2 ** 28;

const targetsSchema = v.pipe(
  v.strictObject({
    targets: schemas.satisfying<readonly (readonly number[])[]>(
      "a list of symbols for each sequence",
      (value) => Array.isArray(value) && Array.from(value).every(Array.isArray),
    ),
    categories: schemas.integer(1, 2 ** 20),
    queries: schemas.integer(1, 2 ** 20),
  }),
  v.check(
    ({ targets, categories }) => {
      const longest = targets.reduce((most, { length }) => Math.max(most, length), 0);
      return targets.length * (2 * longest + 1) * (categories + 1) <= MOST_NUMBERS;
    },
    `targets whose number, length and alphabet multiply to at most ${MOST_NUMBERS / 2}`,
  ),
);

/**
 * Targets made ready.
 *
 * @param queries N: outputs there are to emit a target.
 * @throws `invalid-data` for a symbol outside 0..V - 1, and for a target that N outputs cannot emit: one for each symbol, and
 *   a blank between two equal ones.
 */
export function ctcTargets(targets: readonly (readonly number[])[], categories: number, queries: number): CtcTargets {
  check("ctcTargets", targetsSchema, { targets, categories, queries }, "invalid-data");
  const longest = targets.reduce((most, target) => Math.max(most, target.length), 0);
  const [batch, states, width] = [targets.length, 2 * longest + 1, categories + 1];
  const oneHot = new Float32Array(batch * states * width);
  const skips = new Float32Array(batch * states).fill(NEVER);
  const ends = new Float32Array(batch * states).fill(NEVER);
  for (const [b, target] of targets.entries()) {
    checkTarget(target, b, categories, queries);
    for (let s = 0; s < states; s++) {
      const symbol = s % 2 === 1 ? target[(s - 1) / 2] : undefined;
      oneHot[(b * states + s) * width + (symbol === undefined ? 0 : symbol + 1)] = 1;
      if (symbol !== undefined && s > 1 && symbol !== target[(s - 3) / 2]) skips[b * states + s] = 0;
    }
    ends[b * states + 2 * target.length] = 0;
    if (target.length > 0) ends[b * states + 2 * target.length - 1] = 0;
  }
  return {
    states: tensor(oneHot, [batch, states, width]),
    skips: tensor(skips, [batch, states]),
    ends: tensor(ends, [batch, states]),
  };
}

function checkTarget(target: readonly number[], b: number, categories: number, queries: number): void {
  const at = target.findIndex((symbol) => !Number.isInteger(symbol) || symbol < 0 || symbol >= categories);
  if (at >= 0) {
    throw new DiffusionForcingError(
      "invalid-data",
      `CTC: target ${b} holds the symbol ${describe(target[at])}; expected 0 to ${categories - 1}.`,
    );
  }
  const repeats = target.filter((symbol, i) => i > 0 && symbol === target[i - 1]).length;
  if (target.length + repeats <= queries) return;
  throw new DiffusionForcingError(
    "invalid-data",
    `CTC: target ${b}, ${target.length} symbols with ${repeats} repeated, needs ${target.length + repeats} queries; there are ${queries}. Take more queries, or shorter targets.`,
  );
}

/**
 * -log of the sum over all alignments that collapse to the target, [B].
 *
 * @param logProbabilities of the outputs, float32 [B, N, V + 1].
 * @param targets as {@link ctcTargets} makes them, traced.
 */
export function ctcLoss(
  logProbabilities: Value,
  { states, skips, ends }: Readonly<Record<keyof CtcTargets, Value>>,
): Value {
  const [batch, queries] = logProbabilities.shape as [number, number, number];
  const count = states.shape[1] as number;
  const emissions = matmul(states, logProbabilities, { transposeB: true }); // [B, S, N]
  const at = (n: number): Value => reshape(slice(emissions, 2, n, n + 1), [batch, count]);
  const never = (width: number): Value => add(sub(slice(at(0), 1, 0, width), slice(at(0), 1, 0, width)), NEVER);
  /** Each state's value moved on by some states. */
  const moved = (x: Value, by: number): Value =>
    by >= count ? never(count) : concat([never(by), slice(x, 1, 0, count - by)], 1);
  const starts = Math.min(2, count);
  const first = slice(at(0), 1, 0, starts);
  let paths = starts === count ? first : concat([first, never(count - starts)], 1);
  for (let n = 1; n < queries; n++) {
    const [step, skip] = [moved(paths, 1), add(moved(paths, 2), skips)];
    const highest = maximum(maximum(paths, step), skip);
    const shares = [paths, step, skip].map((path) => exp(sub(path, highest)));
    paths = add(add(log(shares.reduce((total, share) => add(total, share))), highest), at(n));
  }
  const ended = add(paths, ends);
  const highest = max(ended, 1, true);
  return neg(add(log(sum(exp(sub(ended, highest)), 1)), reshape(highest, [batch])));
}
