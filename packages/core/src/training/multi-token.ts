import * as v from "valibot";
import { check, schemas } from "../engine/check.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { add, concat, constant, mul, reshape, slice, sum } from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import type { HostTensor } from "../engine/tensor/tensor.js";
import { checkFitsHead, cpHeadSchema, modelSchema } from "../models/check-model.js";
import type { CpHead } from "../models/cp-head.js";
import type { Model } from "../models/model.js";
import { nextSymbols } from "../models/next-symbols.js";
import { checkBatch } from "./batch.js";
import type { Trainable } from "./trainable.js";

export interface MultiTokenOptions {
  /** A causal model of one-hot tokens, 1 and -1 as `categoricalCodec` writes them, with the head's outputs. */
  readonly model: Model;
  readonly head: CpHead;
  /** Weight of the loss that keeps all terms in use. Default 0.01. */
  readonly balance?: number;
}

const schema = v.strictObject({
  model: modelSchema,
  head: cpHeadSchema,
  balance: v.optional(schemas.number(0), 0.01),
});

/**
 * Trains a causal model to predict the next n symbols at once, by log-sum-exp over the terms of its head; with one symbol
 * and rank 1, as any language model is trained. The loss is in nats per place, of n symbols each.
 *
 * @throws `invalid-config` for a model that does not fit the head, or that sees what it is to predict.
 */
export function multiTokenTraining(options: MultiTokenOptions): Trainable {
  const { model, head, balance } = check("multiTokenTraining", schema, options);
  const { categories, ahead } = head;
  checkFitsHead("multiTokenTraining", model, head);
  return {
    config: { kind: "multi-token", categories, ahead, rank: head.rank, balance, model: model.config },
    tokenShape: model.tokenShape,
    parameters: model.parameters,
    checkBatch(batch) {
      checkBatch(model, 1, batch);
      if ((batch.tokens.shape[1] as number) < ahead) {
        throw new DiffusionForcingError(
          "shape-mismatch",
          `multiTokenTraining: sequences of ${batch.tokens.shape[1]} tokens cannot show ${ahead} in a row; give longer ones.`,
        );
      }
      checkSymbols(batch.tokens, categories);
    },
    inputs: ({ tokens }) => ({ tokens }),
    loss(parameters, { tokens }) {
      const given = tokens as Value;
      const [batch, length] = given.shape as [number, number, number];
      const places = length - ahead + 1;
      const law = head.law(slice(nextSymbols(model, parameters, given), 1, 0, places));
      const oneHot = mul(add(given, 1), 0.5);
      const windows = Array.from({ length: ahead }, (_, s) =>
        reshape(slice(oneHot, 1, s, s + places), [batch, places, 1, categories]),
      );
      const nats = sum(head.surprise(law, concat(windows, 2)));
      const denominator = constant(batch * places);
      const extra = mul(head.imbalance(law), balance * batch * places);
      const total = add(nats, extra);
      return { total, denominator, loss: mul(total, 1 / (batch * places)) };
    },
  };
}

/** @throws `invalid-data` unless every token is 1 for its symbol and -1 for the others */
function checkSymbols({ data, shape }: HostTensor, categories: number): void {
  const length = shape[1] as number;
  for (let token = 0; token < data.length / categories; token++) {
    let [chosen, others] = [0, 0];
    for (let k = 0; k < categories; k++) {
      const value = data[token * categories + k];
      if (value === 1) chosen++;
      else if (value === -1) others++;
    }
    if (chosen === 1 && others === categories - 1) continue;
    throw new DiffusionForcingError(
      "invalid-data",
      `multiTokenTraining: token ${token % length} of sequence ${Math.floor(token / length)} is no symbol; expected 1 for one of ${categories} and -1 for the others, as categoricalCodec() writes them.`,
    );
  }
}
