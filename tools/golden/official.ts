import { type LossWeighting, type NoiseProcess, type NoiseSchedule, variancePreserving } from "@diffusion-forcing/core";
import { scheduleFromConfig } from "@diffusion-forcing/core/process";
import { UnsupportedCase } from "./case.js";

/** The schedule part of the official configurations. */
export interface OfficialSchedule {
  readonly beta_schedule: string;
  readonly timesteps: number;
  readonly schedule_fn_kwargs?: Readonly<Record<string, number>>;
}

/** The `diffusion` section of the official configurations. */
export interface OfficialDiffusion extends OfficialSchedule {
  readonly sampling_timesteps: number;
  readonly objective: string;
  readonly use_fused_snr: boolean;
  readonly snr_clip: number;
  readonly cum_snr_decay: number;
  readonly ddim_sampling_eta: number;
  readonly clip_noise: number;
  readonly stabilization_level: number;
  readonly architecture: {
    readonly network_size: number;
    readonly num_layers: number;
    readonly attn_heads: number;
    readonly dim_feedforward: number;
  };
}

export function officialSchedule(config: OfficialSchedule): NoiseSchedule {
  return scheduleFromConfig({
    kind: config.beta_schedule,
    levels: config.timesteps,
    ...config.schedule_fn_kwargs,
  });
}

const objectives: Readonly<Record<string, "noise" | "x0" | "v">> = { pred_noise: "noise", pred_x0: "x0", pred_v: "v" };

/** The official process: a schedule and an objective, and no limit on the estimate. */
export function officialNoiseProcess(config: OfficialSchedule, objective: string, noiseClip: number): NoiseProcess {
  const known = objectives[objective];
  if (known === undefined) throw new UnsupportedCase(`objective ${objective}`);
  return variancePreserving(officialSchedule(config), { objective: known, noiseClip, limit: { kind: "none" } });
}

/** @param decay the decay per token, where it differs from the configured decay per frame. */
export function officialWeighting(
  config: Pick<OfficialDiffusion, "use_fused_snr" | "snr_clip" | "cum_snr_decay">,
  decay: number = config.cum_snr_decay,
): LossWeighting {
  return config.use_fused_snr
    ? { kind: "fused-snr", clip: config.snr_clip, decay }
    : { kind: "min-snr", clip: config.snr_clip };
}
