import * as v from "valibot";
import type { Diffusion } from "../../diffusion/diffusion.js";
import { backendSchema } from "../../engine/backend/backend-schema.js";
import type { Backend } from "../../engine/backend/contract.js";
import { check, schemas } from "../../engine/check.js";
import { describe } from "../../engine/describe.js";
import { DiffusionForcingError } from "../../engine/errors.js";
import type { Value } from "../../engine/graph/value.js";
import type { HostTensorRecord } from "../../engine/tensor/tensor.js";
import { logSoftmax } from "../../models/cp-head.js";
import { PrefixLaws } from "./prefix-laws.js";
import type { CompiledPrior } from "./sequence-prior.js";

export interface CodePriorOptions {
  readonly backend: Backend;
  /** A model of one code a token under the process `tokenPrediction`. */
  readonly diffusion: Diffusion;
  readonly parameters: HostTensorRecord;
  /** Longest sequence, in codes. */
  readonly length: number;
  /** What conditions every token, [D], if the model takes a condition: which source it is, say. */
  readonly condition?: readonly number[];
}

const schema = v.strictObject({
  backend: backendSchema,
  diffusion: schemas.having<Diffusion>("a diffusion", "model", "process"),
  parameters: schemas.having<HostTensorRecord>("weights by parameter name"),
  length: schemas.integer(1, 65_536),
  condition: v.optional(v.array(schemas.number())),
});

/**
 * A diffusion of codes as a prior: what it says of a code at the last level, of which nothing is known, after codes at level
 * 0. Of a model that is not causal the codes after it are at the last level too, so that it tells the same law.
 *
 * @throws `invalid-config` for a diffusion of another kind, `invalid-argument`, `checkpoint-mismatch`
 */
export function codePrior(options: CodePriorOptions): CompiledPrior {
  const { backend, diffusion, parameters, length, condition } = check("codePrior", schema, options);
  const { model, process } = diffusion;
  const { kind, codebook } = process.config as { kind: string; codebook?: readonly (readonly number[])[] };
  if (kind !== "token-prediction" || codebook === undefined || model.tokenShape[0] !== codebook[0]?.length) {
    throw new DiffusionForcingError(
      "invalid-config",
      `codePrior: the process is of kind ${describe(kind)} and a token [${model.tokenShape.join(", ")}]; expected "token-prediction", with one code a token.`,
    );
  }
  if ((condition?.length ?? 0) !== model.conditionFeatures) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `codePrior: condition has ${condition?.length ?? 0} numbers; the model takes ${model.conditionFeatures}.`,
    );
  }
  const categories = codebook.length;
  const laws = new PrefixLaws({
    backend,
    model,
    parameters,
    longest: length - 1,
    categories,
    hidden: process.levels,
    condition,
    token: (code) => codebook[code] as readonly number[],
    laws: (weights, tokens, given) =>
      logSoftmax(
        model.apply(weights, {
          tokens,
          noiseLevels: given.noiseLevels as Value,
          levelCount: process.levels,
          ...(given.condition === undefined ? {} : { condition: given.condition }),
        }),
      ),
  });
  return laws.prior;
}
