import type { LossWeighting, MatrixShape, NoiseSchedule, Objective } from "@diffusion-forcing/core";
import { scheduleFromConfig } from "@diffusion-forcing/core/process";
import { schedulingMatrixFromName } from "@diffusion-forcing/core/sampling";
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
    name: config.beta_schedule,
    levels: config.timesteps,
    ...config.schedule_fn_kwargs,
  });
}

const objectives: Readonly<Record<string, Objective>> = { pred_noise: "noise", pred_x0: "x0", pred_v: "v" };

export function officialObjective(name: string): Objective {
  const objective = objectives[name];
  if (objective === undefined) throw new UnsupportedCase(`objective ${name}`);
  return objective;
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

/** The official matrix of that name, with its trapezoid as it is. */
export function officialMatrixShape(name: string, uncertainty: number): MatrixShape {
  return schedulingMatrixFromName(name.replaceAll("_", "-"), { uncertainty, compatibility: "official" });
}
