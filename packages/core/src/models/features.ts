import { describe } from "../engine/describe.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { trace } from "../engine/graph/trace.js";
import type { TensorType, Value } from "../engine/graph/value.js";
import type { Shape } from "../engine/tensor/shape.js";
import type { Model, ModelInput, Parameters } from "./model.js";

/**
 * A model's prediction together with activations on the way to it, by name: `layers.0`, `layers.1` ... of transformer
 * [B, T, width] and dit3d [B, T, patches, width], `middle` of unet3d [B, T, C, H, W], `state` of recurrent
 * [B, T, stateSize]. They belong to the one pass that also makes the prediction; a graph of features alone holds only what
 * they need.
 */
export function featuresOf(
  model: Model,
  parameters: Parameters,
  input: ModelInput,
): { readonly output: Value; readonly features: Readonly<Record<string, Value>> } {
  const features: Record<string, Value> = {};
  const tap = (name: string, value: Value): void => {
    features[name] = value;
    input.tap?.(name, value);
  };
  return { output: model.apply(parameters, { ...input, tap }), features };
}

/**
 * One activation, [B, T, ...].
 *
 * @throws `invalid-argument` naming those that the model has.
 */
export function featureOf(model: Model, parameters: Parameters, input: ModelInput, name: string): Value {
  const { features } = featuresOf(model, parameters, input);
  if (Object.hasOwn(features, name)) return features[name] as Value;
  const known = Object.keys(features);
  const choice = known.length === 0 ? "it tells of none" : `expected ${known.join(", ")}`;
  throw new DiffusionForcingError(
    "invalid-argument",
    `The model ${describe(model.config.kind)} has no feature ${describe(name)}; ${choice}.`,
  );
}

/**
 * The shape of a feature of one token: [width] of a transformer's layer.
 *
 * @throws `invalid-argument` naming those that the model has.
 */
export function featureShape(model: Model, name: string): Shape {
  const float = (shape: Shape) => ({ dtype: "float32", shape }) as const;
  const weights = Object.entries(model.parameters).map(([key, { shape }]) => [`p.${key}`, float(shape)] as const);
  const { conditionFeatures } = model;
  const types: Record<string, TensorType> = {
    ...Object.fromEntries(weights),
    tokens: float([1, 1, ...model.tokenShape]),
    noiseLevels: { dtype: "int32", shape: [1, 1] } as const,
    ...(conditionFeatures === 0 ? {} : { condition: float([1, 1, conditionFeatures]) }),
  };
  let found: Shape = [];
  trace(types, (values) => {
    const parameters = Object.fromEntries(weights.map(([key]) => [key.slice(2), values[key] as Value]));
    const { condition } = values;
    const input = {
      tokens: values.tokens as Value,
      noiseLevels: values.noiseLevels as Value,
      levelCount: 1,
      ...(condition === undefined ? {} : { condition }),
    };
    const feature = featureOf(model, parameters, input, name);
    found = feature.shape.slice(2);
    return { feature };
  });
  return found;
}
