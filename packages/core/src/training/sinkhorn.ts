import * as v from "valibot";
import { check, schemas } from "../engine/check.js";
import { exp, log, max, mul, sub, sum } from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";

export interface SinkhornOptions {
  /** How soft assignments are, in the units of the scores; small ones take the best. Default 0.05. */
  readonly epsilon?: number;
  /** Rounds of balancing prototypes, then items. Default 3. */
  readonly iterations?: number;
}

const schema = v.strictObject({
  epsilon: v.optional(schemas.positive(), 0.05),
  iterations: v.optional(schemas.integer(1, 100), 3),
});

/**
 * Items assigned to prototypes so that each prototype gets about the same share of them (Sinkhorn and Knopp; the form of
 * SwAV, Caron et al. 2020): exp(scores / epsilon), its columns made to sum to N / K and its rows to 1 in turn, rows last.
 * Computed in logarithms, so that no score is too large. For targets; take it through `stopGradient`.
 *
 * @param scores float32 [N, K].
 * @returns assignments, float32 [N, K], each row of sum 1.
 * @throws `invalid-argument`
 */
export function sinkhorn(scores: Value, options: SinkhornOptions = {}): Value {
  const { epsilon, iterations } = check("sinkhorn", schema, options);
  let logs = mul(scores, 1 / epsilon);
  for (let i = 0; i < iterations; i++) logs = balanced(balanced(logs, 0), 1);
  return exp(logs);
}

/** Logarithms of shares along an axis. What all items share drops out of the next round, so sums are 1, not N / K. */
function balanced(logs: Value, axis: 0 | 1): Value {
  const shifted = sub(logs, max(logs, axis, true));
  return sub(shifted, log(sum(exp(shifted), axis, true)));
}
