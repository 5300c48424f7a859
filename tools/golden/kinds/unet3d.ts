import {
  type Backend,
  type Diffusion,
  type HostTensor,
  type HostTensorRecord,
  type UNet3dOptions,
  unet3d,
} from "@diffusion-forcing/core";
import { gradient, type Value } from "@diffusion-forcing/core/graph";
import { diffusionForcingLoss } from "@diffusion-forcing/core/process";
import { type GoldenCase, tensorOf } from "../case.js";
import type { TensorResult } from "../compare.js";
import { evaluate } from "../evaluate.js";
import { batchMajor, clamped, noiseLevels, swapAxes } from "../layout.js";
import { type OfficialDiffusion, officialNoiseProcess, officialWeighting } from "../official.js";
import { officialParameters, officialResults } from "../official-model.js";

interface Architecture {
  readonly network_size: number;
  readonly attn_heads: number;
  readonly attn_dim_head: number;
  readonly dim_mults: readonly number[];
  readonly resolution: number;
  readonly attn_resolutions: readonly number[];
  readonly use_init_temporal_attn: boolean;
  readonly use_linear_attn: boolean;
  readonly time_emb_type: "rotary" | "sinusoidal";
}

interface Config {
  readonly diffusion: OfficialDiffusion & { readonly architecture: Architecture };
  readonly channels: number;
  readonly is_causal: boolean;
}

/** J: the 3-D U-Net, the training loss and its gradients. */
export async function runUNet3d(golden: GoldenCase, backend: Backend): Promise<TensorResult[]> {
  const config = golden.json.config as Config;
  const tokens = batchMajor(tensorOf(golden, "in.x"));
  const options = officialOptions(config, tokens.shape.slice(2));
  const subject: Diffusion = {
    model: unet3d(options),
    process: officialNoiseProcess(config.diffusion, config.diffusion.objective, config.diffusion.clip_noise),
    lossWeighting: officialWeighting(config.diffusion),
  };
  const batch = {
    tokens,
    noiseLevels: noiseLevels(tensorOf(golden, "in.noise_levels")),
    noise: batchMajor(clamped(tensorOf(golden, "draw.0000"), config.diffusion.clip_noise)),
  };
  const withGradients = [...golden.tensors.keys()].some((name) => name.startsWith("grad."));
  const outputs = await lossAndGradients(
    backend,
    subject,
    officialParameters(golden, subject.model.config),
    batch,
    withGradients,
  );
  const gradients = Object.fromEntries(Object.entries(outputs).filter(([name]) => !name.startsWith("out.")));
  const value = (name: string): HostTensor => outputs[name] as HostTensor;
  return [
    ...["out.model_forward", "out.x_pred", "out.loss_unreduced"].map((name) => ({ name, ...swapAxes(value(name)) })),
    { name: "out.loss_mean", ...value("out.loss_mean") },
    ...(withGradients ? officialResults("grad", subject.model.config, gradients) : []),
  ];
}

function officialOptions({ diffusion, is_causal }: Config, tokenShape: readonly number[]): UNet3dOptions {
  const architecture = diffusion.architecture;
  const factors = architecture.attn_resolutions.map((resolution) => Math.floor(architecture.resolution / resolution));
  return {
    tokenShape,
    width: architecture.network_size,
    multipliers: architecture.dim_mults,
    // Factors that no level has are of no effect.
    attentionFactors: architecture.dim_mults.map((_, i) => 2 ** i).filter((factor) => factors.includes(factor)),
    heads: architecture.attn_heads,
    headWidth: architecture.attn_dim_head,
    linearAttention: architecture.use_linear_attn,
    initialTemporalAttention: architecture.use_init_temporal_attn,
    positions: architecture.time_emb_type,
    causal: is_causal,
    normalization: "clip",
  };
}

function lossAndGradients(
  backend: Backend,
  subject: Diffusion,
  parameters: HostTensorRecord,
  batch: { readonly tokens: HostTensor; readonly noiseLevels: HostTensor; readonly noise: HostTensor },
  withGradients: boolean,
): Promise<HostTensorRecord> {
  const names = Object.keys(parameters);
  return evaluate<string>(backend, { ...parameters, ...batch }, (values) => {
    const traced = Object.fromEntries(names.map((name) => [name, values[name] as Value]));
    const [tokens, levels, noise] = [values.tokens as Value, values.noiseLevels as Value, values.noise as Value];
    const levelCount = subject.process.levels;
    const result = diffusionForcingLoss(subject, traced, { tokens, noiseLevels: levels, noise });
    const slopes = withGradients ? gradient(result.loss, Object.values(traced)) : [];
    return {
      "out.model_forward": subject.model.apply(traced, { tokens, noiseLevels: levels, levelCount }),
      "out.x_pred": subject.process.estimate(result.modelOutput, result.noisedTokens, levels).clean,
      "out.loss_unreduced": result.elements,
      "out.loss_mean": result.loss,
      ...Object.fromEntries(slopes.map((slope, i) => [names[i] as string, slope])),
    };
  });
}
