import type { ParameterSpec } from "../model.js";
import { specsByName } from "../options.js";
import { convolutionSpecs, linearSpecs, type NamedSpec, normSpecs } from "../parameter-specs.js";
import type { UNet3dConfig } from "./config.js";
import { type Level, planOf } from "./plan.js";

/** @param embedding features of the level's embedding, 0 for a block that does not see it */
function blockSpecs(prefix: string, inputs: number, outputs: number, embedding: number): NamedSpec[] {
  return [
    ...normSpecs(`${prefix}.norm1`, inputs),
    ...convolutionSpecs(`${prefix}.convolution1`, inputs, outputs, 3),
    ...(embedding === 0 ? [] : linearSpecs(`${prefix}.modulation`, embedding, 2 * outputs)),
    ...normSpecs(`${prefix}.norm2`, outputs),
    ...convolutionSpecs(`${prefix}.convolution2`, outputs, outputs, 3),
    ...(inputs === outputs ? [] : convolutionSpecs(`${prefix}.shortcut`, inputs, outputs, 1)),
  ];
}

function attentionSpecs(prefix: string, width: number, { heads, headWidth }: UNet3dConfig): NamedSpec[] {
  const inner = heads * headWidth;
  return [
    ...normSpecs(`${prefix}.norm`, width),
    ...linearSpecs(`${prefix}.projection`, width, 3 * inner, false),
    ...linearSpecs(`${prefix}.output`, inner, width),
  ];
}

function temporalSpecs(prefix: string, width: number, config: UNet3dConfig): NamedSpec[] {
  const positions =
    config.positions === "rotary"
      ? []
      : [
          ...linearSpecs(`${prefix}.positions1`, width, 4 * width),
          ...linearSpecs(`${prefix}.positions2`, 4 * width, width),
        ];
  return [...attentionSpecs(prefix, width, config), ...positions];
}

function bothAttentions(prefix: string, width: number, config: UNet3dConfig): NamedSpec[] {
  return [...attentionSpecs(`${prefix}.spatial`, width, config), ...temporalSpecs(`${prefix}.temporal`, width, config)];
}

export function parameterSpecs(config: UNet3dConfig): Record<string, ParameterSpec> {
  const { tokenShape, conditionFeatures, width } = config;
  const [channels] = tokenShape as [number];
  const { down, middle, up, embedding } = planOf(config);
  const levelSpecs = ({ name, inputs, outputs, attention, resamples }: Level): NamedSpec[] => [
    ...blockSpecs(`${name}.block1`, inputs, outputs, embedding),
    ...blockSpecs(`${name}.block2`, outputs, outputs, embedding),
    ...(attention ? bothAttentions(name, outputs, config) : []),
    ...(resamples ? convolutionSpecs(`${name}.resampling`, outputs, outputs, 3) : []),
  ];
  return specsByName("unet3d", [
    ...linearSpecs("level1", width, embedding),
    ...linearSpecs("level2", embedding, embedding),
    ...(conditionFeatures > 0 ? linearSpecs("condition", conditionFeatures, embedding) : []),
    ...convolutionSpecs("initial", channels, width, 7),
    ...(config.initialTemporalAttention ? temporalSpecs("initialTemporal", width, config) : []),
    ...down.flatMap(levelSpecs),
    ...blockSpecs("middle.block1", middle, middle, embedding),
    ...bothAttentions("middle", middle, config),
    ...blockSpecs("middle.block2", middle, middle, embedding),
    ...up.flatMap(levelSpecs),
    ...blockSpecs("final", 2 * width, width, 0),
    ...convolutionSpecs("output", width, channels, 1),
  ]);
}
