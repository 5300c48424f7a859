import * as v from "valibot";
import { check, schemas } from "../engine/check.js";
import { describe } from "../engine/describe.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { constant, mul, sum } from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import { formatShape, shapesEqual } from "../engine/tensor/shape.js";
import { modelSchema } from "../models/check-model.js";
import { ctcLoss, ctcTargets } from "../models/ctc.js";
import type { Model } from "../models/model.js";
import { queryOutputs } from "../models/query-outputs.js";
import { checkBatch } from "./batch.js";
import type { Trainable } from "./trainable.js";

export interface QueryCtcOptions {
  /** A model that is not causal and outputs V + 1 numbers for a token, the first of them the blank's. */
  readonly model: Model;
  /** V: symbols of the targets. */
  readonly categories: number;
  /** N: places that may emit a symbol. */
  readonly queries: number;
}

const schema = v.strictObject({
  model: modelSchema,
  categories: schemas.integer(1, 2 ** 20),
  queries: schemas.integer(1, 4096),
});

/**
 * Sequence to sequence in one pass (Query-CTC): the batch's tokens are the context, its `targets` what is to be said of it,
 * of any lengths; the queries after the context emit symbols and blanks, and the loss sums over all alignments.
 *
 * @throws `invalid-config`
 */
export function queryCtcTraining(options: QueryCtcOptions): Trainable {
  const { model, categories, queries } = check("queryCtcTraining", schema, options);
  if (!shapesEqual(model.outputShape ?? model.tokenShape, [categories + 1]) || model.conditionFeatures > 0) {
    throw new DiffusionForcingError(
      "invalid-config",
      `queryCtcTraining: the model gives ${formatShape(model.outputShape ?? model.tokenShape)} for a token; expected outputs: ${categories + 1}, the symbols and a blank, and no condition.`,
    );
  }
  return {
    config: { kind: "query-ctc", categories, queries, model: model.config },
    tokenShape: model.tokenShape,
    parameters: model.parameters,
    checkBatch(batch) {
      const { targets = [], ...rest } = batch;
      checkBatch(model, 1, rest);
      const sequences = batch.tokens.shape[0];
      if (!Array.isArray(targets) || targets.length !== sequences) {
        const given = Array.isArray(targets) ? String(targets.length) : describe(targets);
        throw new DiffusionForcingError(
          "invalid-data",
          `queryCtcTraining: ${given} targets for ${sequences} sequences; expected one for each.`,
        );
      }
      ctcTargets(targets, categories, queries);
    },
    inputs: ({ tokens, targets }) => ({
      tokens,
      ...ctcTargets(targets as NonNullable<typeof targets>, categories, queries),
    }),
    loss(parameters, { tokens, states, skips, ends }) {
      const context = tokens as Value;
      const given = { states: states as Value, skips: skips as Value, ends: ends as Value };
      const nats = sum(ctcLoss(queryOutputs(model, parameters, context, queries), given));
      const batch = context.shape[0] as number;
      return { total: nats, denominator: constant(batch), loss: mul(nats, 1 / batch) };
    },
  };
}
