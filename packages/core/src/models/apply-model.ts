import { describe } from "../engine/describe.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { formatType } from "../engine/graph/ops/helpers.js";
import { isValue, type Value } from "../engine/graph/value.js";
import { formatShape, shapesEqual } from "../engine/tensor/shape.js";
import type { Model, ModelInput, Parameters } from "./model.js";

/**
 * The model's prediction, float32 [B, T, ...outputShape]. What a model of one's own returns is looked at here, as
 * arithmetic would broadcast one token for all, or one number.
 *
 * @throws `invalid-graph` for what is no traced value, `shape-mismatch` for one of another type.
 */
export function applyModel(model: Model, parameters: Parameters, input: ModelInput): Value {
  const output: unknown = model.apply(parameters, input);
  const expected = [...input.tokens.shape.slice(0, 2), ...(model.outputShape ?? model.tokenShape)];
  if (isValue(output) && output.dtype === "float32" && shapesEqual(output.shape, expected)) return output;
  const found = isValue(output) ? formatType(output) : describe(output);
  throw new DiffusionForcingError(
    isValue(output) ? "shape-mismatch" : "invalid-graph",
    `The model ${describe(model.config.kind)} predicts ${found}; expected a traced value, float32${formatShape(expected)}: a prediction for each token.`,
  );
}
