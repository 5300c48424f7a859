import * as v from "valibot";
import { backendSchema } from "../../engine/backend/backend-schema.js";
import type { Backend } from "../../engine/backend/contract.js";
import { check, schemas } from "../../engine/check.js";
import { add, exp, log, max, reshape, slice, sub, sum } from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import type { HostTensorRecord } from "../../engine/tensor/tensor.js";
import { checkFitsHead, cpHeadSchema, modelSchema } from "../../models/check-model.js";
import type { CpHead } from "../../models/cp-head.js";
import type { Model } from "../../models/model.js";
import { nextSymbols } from "../../models/next-symbols.js";
import { PrefixLaws } from "./prefix-laws.js";
import type { CompiledPrior } from "./sequence-prior.js";

export interface SymbolPriorOptions {
  readonly backend: Backend;
  /** A causal model of one-hot tokens, 1 and -1, with the head's outputs: what `multiTokenTraining` trains. */
  readonly model: Model;
  readonly head: CpHead;
  readonly parameters: HostTensorRecord;
  /** Longest sequence, in symbols. */
  readonly length: number;
}

const schema = v.strictObject({
  backend: backendSchema,
  model: modelSchema,
  head: cpHeadSchema,
  parameters: schemas.having<HostTensorRecord>("weights by parameter name"),
  length: schemas.integer(1, 65_536),
});

/**
 * A categorical causal transformer as a prior: the law of its head's first symbol.
 *
 * @throws `invalid-config` for a model that does not fit the head, `checkpoint-mismatch`
 */
export function symbolPrior(options: SymbolPriorOptions): CompiledPrior {
  const { backend, model, head, parameters, length } = check("symbolPrior", schema, options);
  const { categories, rank } = head;
  checkFitsHead("symbolPrior", model, head);
  const laws = new PrefixLaws({
    backend,
    model,
    parameters,
    longest: length - 1,
    categories,
    token: (symbol) => Array.from({ length: categories }, (_, k) => (k === symbol ? 1 : -1)),
    laws: (given, tokens) => {
      const [batch, places] = tokens.shape as [number, number, number];
      const { weights, symbols } = head.law(nextSymbols(model, given, tokens));
      const first = reshape(slice(symbols, 3, 0, 1), [batch, places, rank, categories]);
      return logSumExpOver(add(first, reshape(weights, [batch, places, rank, 1])));
    },
  });
  return laws.prior;
}

/** [B, T, r, V] -> [B, T, V] */
function logSumExpOver(x: Value): Value {
  const highest = max(x, 2, true);
  const [batch, places, , categories] = x.shape as [number, number, number, number];
  return add(log(sum(exp(sub(x, highest)), 2)), reshape(highest, [batch, places, categories]));
}
