import type { Initializer, ParameterSpec } from "../model.js";
import { specsByName } from "../options.js";
import type { NamedSpec } from "../parameter-specs.js";
import { type DiT3dConfig, patchGridOf } from "./config.js";

/** Weights by Xavier and Glorot's rule and biases of zero, as DiT draws them; or all zeros. */
function denseSpecs(prefix: string, inputs: number, outputs: number, start: "drawn" | "zeros" = "drawn"): NamedSpec[] {
  const drawn: Initializer = { kind: "uniform", bound: Math.sqrt(6 / (inputs + outputs)) };
  return [
    [`${prefix}.weight`, { shape: [outputs, inputs], initializer: start === "drawn" ? drawn : { kind: "zeros" } }],
    [`${prefix}.bias`, { shape: [outputs], initializer: { kind: "zeros" } }],
  ];
}

export function parameterSpecs(config: DiT3dConfig): Record<string, ParameterSpec> {
  const { width, layers, feedForward, conditionFeatures } = config;
  const { features } = patchGridOf(config);
  // Modulations and the output start at zero (adaLN-Zero): every layer is the identity at first.
  const layer = (prefix: string): NamedSpec[] => [
    ...denseSpecs(`${prefix}.modulation`, width, 6 * width, "zeros"),
    ...denseSpecs(`${prefix}.projection`, width, 3 * width),
    ...denseSpecs(`${prefix}.output`, width, width),
    ...denseSpecs(`${prefix}.feedForward1`, width, feedForward),
    ...denseSpecs(`${prefix}.feedForward2`, feedForward, width),
  ];
  return specsByName("dit3d", [
    ...denseSpecs("patches", features, width),
    ...denseSpecs("level1", width, width),
    ...denseSpecs("level2", width, width),
    ...(conditionFeatures > 0 ? denseSpecs("condition", conditionFeatures, width) : []),
    ...Array.from({ length: layers }, (_, index) => layer(`layers.${index}`)).flat(),
    ...denseSpecs("modulation", width, 2 * width, "zeros"),
    ...denseSpecs("output", width, features, "zeros"),
  ]);
}
