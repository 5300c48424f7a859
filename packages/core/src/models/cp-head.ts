import * as v from "valibot";
import { check, schemas } from "../engine/check.js";
import { add, exp, log, max, mean, mul, neg, reshape, slice, sub, sum } from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import { modelSchemas } from "./options.js";

export interface CpHeadOptions {
  /** V: symbols of the alphabet. */
  readonly categories: number;
  /** n: symbols that one output predicts, in a row. Default 1. */
  readonly ahead?: number;
  /** r: terms of the mixture. Default 1: the symbols are then independent given the past. */
  readonly rank?: number;
}

/** A head's distribution as it stands in a graph, in logarithms. */
export interface CpLaw {
  /** Of the terms' weights, [B, T, r]. */
  readonly weights: Value;
  /** Of each term's probabilities of each symbol, [B, T, r, n, V]. */
  readonly symbols: Value;
}

/** A head as JSON: what bundles store and {@link cpHead} reads back. */
export interface CpHeadConfig extends Required<CpHeadOptions> {
  readonly kind: "cp";
}

/** How a model's outputs are read as a joint law of the next symbols. */
export interface CpHead extends Required<CpHeadOptions> {
  readonly config: CpHeadConfig;
  /** Numbers a model has to output for a token: r + r n V. */
  readonly outputs: number;
  /** @param output float32 [B, T, outputs] */
  law(output: Value): CpLaw;
  /** -log P of symbols given as one-hot [B, T, n, V]: [B, T]. */
  surprise(law: CpLaw, symbols: Value): Value;
  /** How unevenly the terms are used on average over the batch: KL(mean weights || uniform), a scalar from 0 to log r. */
  imbalance(law: CpLaw): Value;
}

const schema = v.strictObject({
  kind: modelSchemas.kind("cp"),
  categories: schemas.integer(2, 2 ** 20),
  ahead: v.optional(schemas.integer(1, 1000), 1),
  rank: v.optional(schemas.integer(1, 1000), 1),
});

/**
 * Prediction of several symbols at once by a canonical polyadic decomposition of their joint law: P(x_1..x_n) =
 * sum_a w_a prod_s p_a^(s)(x_s), a mixture of r independent laws. Rank 1 and one symbol is the usual head of a language
 * model. The form of the balance loss is a reconstruction.
 *
 * @throws `invalid-config`
 */
export function cpHead(options: CpHeadOptions | CpHeadConfig): CpHead {
  const { categories, ahead, rank } = check("cpHead", schema, options, "invalid-config");
  return {
    config: { kind: "cp", categories, ahead, rank },
    categories,
    ahead,
    rank,
    outputs: rank + rank * ahead * categories,
    law(output) {
      const [batch, length, width] = output.shape as [number, number, number];
      const symbols = reshape(slice(output, 2, rank, width), [batch, length, rank, ahead, categories]);
      return { weights: logSoftmax(slice(output, 2, 0, rank)), symbols: logSoftmax(symbols) };
    },
    surprise({ weights, symbols }, truth) {
      const [batch, length] = weights.shape as [number, number, number];
      const chosen = sum(mul(symbols, reshape(truth, [batch, length, 1, ahead, categories])), [3, 4]); // [B, T, r]
      return neg(logSumExp(add(weights, chosen)));
    },
    imbalance({ weights }) {
      const average = mean(exp(weights), [0, 1]); // [r]
      return sum(mul(average, log(add(mul(average, rank), 1e-12))));
    },
  };
}

/** Along the last axis. */
export function logSoftmax(x: Value): Value {
  const shifted = sub(x, max(x, -1, true));
  return sub(shifted, log(sum(exp(shifted), -1, true)));
}

/** Along the last axis, which goes. */
function logSumExp(x: Value): Value {
  const highest = max(x, -1, true);
  return add(log(sum(exp(sub(x, highest)), -1)), reshape(highest, x.shape.slice(0, -1)));
}
