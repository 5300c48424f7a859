import { type Diffusion, type LossWeighting, recurrent } from "@diffusion-forcing/core";
import { type OfficialSchedule, officialNoiseProcess } from "./official.js";

/** The `diffusion` section of the paper branch's configurations. */
export interface OfficialRecurrentDiffusion extends OfficialSchedule {
  readonly network_size: number;
  readonly objective: string;
  readonly use_snr: boolean;
  readonly use_cum_snr: boolean;
  readonly snr_clip: number;
  readonly cum_snr_decay: number;
  readonly ddim_sampling_eta: number;
  readonly sampling_timesteps: number;
  readonly num_gru_layers: number;
  readonly num_mlp_layers: number;
  readonly clip_noise: number;
}

export interface OfficialRecurrentModel {
  readonly diffusion: OfficialRecurrentDiffusion;
  readonly features: number;
  readonly stateSize: number;
  readonly conditionFeatures: number;
  readonly learnedInitialState: boolean;
  /** Decay of the fused ratio per token. */
  readonly decay: number;
}

function weighting({ use_snr, use_cum_snr, snr_clip: clip }: OfficialRecurrentDiffusion, decay: number): LossWeighting {
  if (use_snr) return use_cum_snr ? { kind: "fused-snr", clip, decay } : { kind: "min-snr", clip };
  return use_cum_snr ? { kind: "past-snr", clip, decay } : { kind: "uniform", scale: clip / 2 };
}

export function officialRecurrentDiffusion(official: OfficialRecurrentModel): Diffusion {
  const { diffusion, decay, ...sizes } = official;
  return {
    model: recurrent({
      ...sizes,
      width: diffusion.network_size,
      cells: diffusion.num_gru_layers,
      mlpLayers: diffusion.num_mlp_layers,
    }),
    process: officialNoiseProcess(diffusion, diffusion.objective, diffusion.clip_noise),
    lossWeighting: weighting(diffusion, decay),
  };
}
