import { buildGraph } from "../engine/graph/graph.js";
import { input } from "../engine/graph/trace.js";
import { evaluateGraph } from "../engine/reference/index.js";
import type { HostTensor, HostTensorRecord } from "../engine/tensor/tensor.js";
import type { Model, Network } from "../models/model.js";

export interface ModelInputTensors {
  readonly tokens: HostTensor;
  readonly noiseLevels: HostTensor;
  readonly condition?: HostTensor;
}

/** The model's output on the interpreter, for a schedule of `levelCount` levels. For tests of models. */
export function applyModel(
  model: Model,
  parameters: HostTensorRecord,
  inputs: ModelInputTensors,
  levelCount = 10,
): HostTensor {
  const weights = Object.fromEntries(Object.entries(parameters).map(([name, value]) => [`p.${name}`, value]));
  const traced = Object.entries(parameters).map(([name, value]) => [name, input(`p.${name}`, value)] as const);
  const tokens = input("tokens", inputs.tokens);
  const noiseLevels = input("noiseLevels", inputs.noiseLevels);
  const condition = inputs.condition && input("condition", inputs.condition);
  const conditioned = condition === undefined ? {} : { condition };
  const output = model.apply(Object.fromEntries(traced), { tokens, noiseLevels, levelCount, ...conditioned });
  const declared = [...traced.map(([, value]) => value), tokens, noiseLevels, ...Object.values(conditioned)];
  return evaluateGraph(buildGraph(declared, { output }), { ...weights, ...inputs }).output as HostTensor;
}

/** Model parameters that differ from their initial values in every element, so that no part of a model is idle. */
export function drawnParameters(
  model: Pick<Network, "parameters">,
  scale = 0.3,
  seed = 1,
): Record<string, HostTensor<"float32">> {
  let state = seed;
  const next = (): number => {
    // Park and Miller's minimal standard generator.
    state = (state * 48271) % 2147483647;
    return (2 * state) / 2147483647 - 1;
  };
  return Object.fromEntries(
    Object.entries(model.parameters).map(([name, { shape, initializer }]) => {
      const middle = initializer.kind === "ones" ? 1 : 0;
      const size = shape.reduce((product, axis) => product * axis, 1);
      const data = Float32Array.from({ length: size }, () => middle + scale * next());
      return [name, { dtype: "float32", shape, data }];
    }),
  );
}
