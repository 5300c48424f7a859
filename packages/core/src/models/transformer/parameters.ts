import type { Initializer, ParameterSpec } from "../model.js";
import { specsByName } from "../options.js";
import { linearSpecs, type NamedSpec, normSpecs } from "../parameter-specs.js";
import type { TransformerConfig } from "./config.js";

function attentionSpecs(prefix: string, width: number): NamedSpec[] {
  // Xavier over the three projections stacked, as PyTorch's packed input projection.
  const xavier: Initializer = { kind: "uniform", bound: Math.sqrt(6 / (4 * width)) };
  const projections = ["query", "key", "value"].flatMap((role): NamedSpec[] => [
    [`${prefix}.${role}.weight`, { shape: [width, width], initializer: xavier }],
    [`${prefix}.${role}.bias`, { shape: [width], initializer: { kind: "zeros" } }],
  ]);
  return [
    ...projections,
    ...linearSpecs(`${prefix}.output`, width, width, false),
    [`${prefix}.output.bias`, { shape: [width], initializer: { kind: "zeros" } }],
  ];
}

export function parameterSpecs(config: TransformerConfig): Record<string, ParameterSpec> {
  const { features, outputs = features, conditionFeatures, width, layers, feedForward, noiseEmbedding } = config;
  const isFilm = noiseEmbedding === "film";
  const film = (prefix: string): NamedSpec[] => (isFilm ? linearSpecs(`${prefix}film`, width, 2 * width) : []);
  const layer = (index: number): NamedSpec[] => [
    ...attentionSpecs(`layers.${index}.attention`, width),
    ...normSpecs(`layers.${index}.norm1`, width),
    ...film(`layers.${index}.`),
    ...linearSpecs(`layers.${index}.feedForward1`, width, feedForward),
    ...linearSpecs(`layers.${index}.feedForward2`, feedForward, width),
    ...normSpecs(`layers.${index}.norm2`, width),
  ];
  return specsByName("transformer", [
    ...(isFilm ? [...linearSpecs("level1", width / 2, width), ...linearSpecs("level2", width, width)] : []),
    ...linearSpecs("embedding1", features + (isFilm ? 0 : width / 2) + conditionFeatures, width),
    ...film(""),
    ...linearSpecs("embedding2", width, width),
    ...Array.from({ length: layers }, (_, index) => layer(index)).flat(),
    ...linearSpecs("output", width, outputs),
  ]);
}
