import { type Diffusion, type HostTensor, type HostTensorRecord, transformer } from "@diffusion-forcing/core";
import type { ModelConfig } from "@diffusion-forcing/core/models";
import { fromOfficial, officialLayout, toOfficial } from "@diffusion-forcing/core/official";
import type { GoldenCase } from "./case.js";
import type { TensorResult } from "./compare.js";
import { float32 } from "./layout.js";
import { type OfficialDiffusion, officialNoiseProcess, officialWeighting } from "./official.js";

/** What a case says of the model and of the diffusion around it. */
export interface OfficialModel {
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

export function officialDiffusion(official: OfficialModel): Diffusion {
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
      positions: "sinusoidal",
    }),
    process: officialNoiseProcess(diffusion, official.objective ?? diffusion.objective, diffusion.clip_noise),
    lossWeighting: officialWeighting(diffusion, official.decay),
  };
}

/** The library's parameters from the weights of a case, which also have to come back as they were. */
export function officialParameters(golden: GoldenCase, config: ModelConfig): Record<string, HostTensor<"float32">> {
  const stateDict = Object.fromEntries(
    [...golden.tensors]
      .filter(([name]) => name.startsWith("w."))
      .map(([name, numbers]) => [name.slice("w.".length), float32(numbers)]),
  );
  const { parameters, ignored } = fromOfficial(config, stateDict);
  if (ignored.length > 0) throw new Error(`the weight w.${ignored[0]} has no counterpart`);
  for (const [name, { data }] of Object.entries(toOfficial(config, parameters))) {
    const original = stateDict[name]?.data;
    // Constants are written as the library computes them.
    if (name.endsWith(".freqs")) continue;
    if (original === undefined || data.some((value, i) => !Object.is(value, original[i]))) {
      throw new Error(`the weight w.${name} is another after its way there and back`);
    }
  }
  return parameters;
}

/** Tensors by the library's parameter names, as results under the official names: `grad.model.out.weight`. */
export function officialResults(prefix: string, config: ModelConfig, tensors: HostTensorRecord): TensorResult[] {
  const { constants } = officialLayout(config);
  return Object.entries(toOfficial(config, tensors))
    .filter(([name]) => !Object.hasOwn(constants, name))
    .map(([name, value]) => ({ name: `${prefix}.${name}`, ...value }));
}
