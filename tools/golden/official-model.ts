import { type DiffusionProcess, type HostTensor, tensor, transformer } from "@diffusion-forcing/core";
import type { GoldenCase } from "./case.js";
import type { TensorResult } from "./compare.js";
import type { Numbers } from "./layout.js";
import { type OfficialDiffusion, officialObjective, officialSchedule, officialWeighting } from "./official.js";

/** What a case says of the model and of the diffusion around it. */
export interface OfficialProcess {
  readonly diffusion: OfficialDiffusion;
  /** Features of a token. */
  readonly features: number;
  readonly conditionFeatures: number;
  readonly causal: boolean;
  /** The objective, where it is not the configured one. */
  readonly objective?: string;
  /** Decay of the fused ratio per token, where it is not the configured one. */
  readonly decay?: number;
}

export function officialProcess(official: OfficialProcess): DiffusionProcess {
  const { diffusion, features, conditionFeatures, causal } = official;
  const { network_size, num_layers, attn_heads, dim_feedforward } = diffusion.architecture;
  return {
    model: transformer({
      features,
      conditionFeatures,
      width: network_size,
      layers: num_layers,
      heads: attn_heads,
      feedForward: dim_feedforward,
      causal,
    }),
    schedule: officialSchedule(diffusion),
    objective: officialObjective(official.objective ?? diffusion.objective),
    lossWeighting: officialWeighting(diffusion, official.decay),
    clipNoise: diffusion.clip_noise,
  };
}

/** The official parameter and the library's ones whose rows it stacks. */
function parameterNames(layers: number): [official: string, own: string[]][] {
  const dense = (official: string, own: string): [string, string[]][] => [
    [`${official}.weight`, [`${own}.weight`]],
    [`${official}.bias`, [`${own}.bias`]],
  ];
  const norm = (official: string, own: string): [string, string[]][] => [
    [`${official}.weight`, [`${own}.scale`]],
    [`${official}.bias`, [`${own}.bias`]],
  ];
  const layer = (index: number): [string, string[]][] => {
    const official = `model.transformer.layers.${index}`;
    const own = `layers.${index}`;
    const projections = (kind: string) => ["query", "key", "value"].map((role) => `${own}.attention.${role}.${kind}`);
    return [
      [`${official}.self_attn.in_proj_weight`, projections("weight")],
      [`${official}.self_attn.in_proj_bias`, projections("bias")],
      ...dense(`${official}.self_attn.out_proj`, `${own}.attention.output`),
      ...dense(`${official}.linear1`, `${own}.feedForward1`),
      ...dense(`${official}.linear2`, `${own}.feedForward2`),
      ...norm(`${official}.norm1`, `${own}.norm1`),
      ...norm(`${official}.norm2`, `${own}.norm2`),
    ];
  };
  return [
    ...dense("model.init_mlp.0", "embedding1"),
    ...dense("model.init_mlp.2", "embedding2"),
    ...Array.from({ length: layers }, (_, index) => layer(index)).flat(),
    ...dense("model.out", "output"),
  ];
}

/** The library's parameters from the weights of a case. */
export function officialParameters(golden: GoldenCase, layers: number): Record<string, HostTensor<"float32">> {
  const parameters: Record<string, HostTensor<"float32">> = {};
  for (const [official, own] of parameterNames(layers)) {
    const stacked = golden.tensors.get(`w.${official}`);
    if (stacked === undefined) throw new Error(`there is no tensor w.${official}`);
    const [rows = 1, ...rest] = stacked.shape;
    const size = stacked.data.length / own.length;
    for (const [part, name] of own.entries()) {
      const data = Float32Array.from(stacked.data.subarray(part * size, (part + 1) * size));
      parameters[name] = tensor(data, [rows / own.length, ...rest]);
    }
  }
  const known = new Set(parameterNames(layers).map(([official]) => `w.${official}`));
  const unknown = [...golden.tensors.keys()].find((name) => name.startsWith("w.") && !known.has(name));
  if (unknown !== undefined) throw new Error(`the weight ${unknown} has no counterpart`);
  return parameters;
}

/** Tensors by the library's parameter names, as results under the official names: `grad.model.out.weight`. */
export function officialResults(
  prefix: string,
  layers: number,
  tensors: Readonly<Record<string, Numbers>>,
): TensorResult[] {
  return parameterNames(layers).map(([official, own]) => {
    const parts = own.map((name) => tensors[name] as Numbers);
    const [rows = 1, ...rest] = (parts[0] as Numbers).shape;
    const data = Float64Array.from(parts.flatMap((part) => Array.from(part.data)));
    return { name: `${prefix}.${official}`, shape: [rows * parts.length, ...rest], data };
  });
}
