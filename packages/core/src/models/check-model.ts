import * as v from "valibot";
import { schemas } from "../engine/check.js";
import { configSchema } from "../engine/check-config.js";
import { describe } from "../engine/describe.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { formatShape, shapesEqual } from "../engine/tensor/shape.js";
import type { CpHead } from "./cp-head.js";
import type { Model, Network } from "./model.js";

const sizes = v.pipe(v.array(schemas.integer(1)), v.maxLength(16));
const parameter = v.looseObject({
  shape: v.pipe(v.array(schemas.integer(0)), v.maxLength(16)),
  initializer: v.variant("kind", [
    v.looseObject({ kind: v.picklist(["zeros", "ones"]) }),
    v.looseObject({ kind: v.literal("uniform"), bound: schemas.number() }),
  ]),
});
// A record of the validation library's passes over the names "constructor" and "prototype"; here all are looked at.
const parameters = v.custom<Network["parameters"]>(
  (value) =>
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((one) => v.is(parameter, one)),
);
const network = { config: configSchema, tokenShape: sizes, parameters };
const networkShape = v.looseObject(network);
const modelShape = v.looseObject({
  ...network,
  outputShape: v.optional(sizes),
  conditionFeatures: schemas.integer(0),
  apply: schemas.function(),
  memory: v.optional(
    v.looseObject({ types: schemas.function(), initial: schemas.function(), advance: schemas.function() }),
  ),
});
const headShape = v.looseObject({
  config: configSchema,
  categories: schemas.integer(2),
  ahead: schemas.integer(1),
  rank: schemas.integer(1),
  outputs: schemas.integer(1),
  law: schemas.function(),
  surprise: schemas.function(),
  imbalance: schemas.function(),
});

/** A model of the library's or of one's own, kept as the object it is. */
export const modelSchema: v.GenericSchema<Model> = schemas.satisfying<Model>(
  "a model, such as transformer() makes: config, tokenShape, conditionFeatures, parameters and apply",
  (value) => v.is(modelShape, value),
);

/** Whether something has a configuration, tokens and parameters, as what is trained has. */
export function isNetwork(value: unknown): value is Network {
  return v.is(networkShape, value);
}

export const cpHeadSchema: v.GenericSchema<CpHead> = schemas.satisfying<CpHead>(
  "a head, as cpHead() makes one",
  (value) => v.is(headShape, value),
);

/**
 * @param what the function or file that needs them to fit.
 * @throws `invalid-config` for a model whose tokens or outputs are not the head's, or that sees what it is to predict.
 */
export function checkFitsHead(what: string, model: Model, { categories, outputs }: CpHead): void {
  const found = model.outputShape ?? model.tokenShape;
  if (
    shapesEqual(model.tokenShape, [categories]) &&
    shapesEqual(found, [outputs]) &&
    model.conditionFeatures === 0 &&
    model.config.causal === true
  ) {
    return;
  }
  const condition = model.conditionFeatures === 0 ? "" : ` and ${model.conditionFeatures} condition features`;
  throw new DiffusionForcingError(
    "invalid-config",
    `${what}: the model takes tokens ${formatShape(model.tokenShape)}${condition}, gives ${formatShape(found)} and has causal: ${describe(model.config.causal)}; expected features: ${categories}, outputs: ${outputs}, causal: true and no condition.`,
  );
}
