import type { Model } from "./models/model.js";
import type { LossWeighting } from "./process/gaussian/loss-weight.js";
import { type Objective, parseObjective } from "./process/gaussian/objective.js";
import type { NoiseSchedule } from "./process/gaussian/schedule.js";
import type { DiffusionProcess } from "./process/loss.js";
import { Sampler, type SamplerOptions } from "./sampling/sampler.js";
import { type TrainingOptions, type TrainingProgress, train } from "./training/train.js";

export interface DiffusionForcingOptions {
  readonly model: Model;
  readonly schedule: NoiseSchedule;
  /** What the model predicts. Default "v". */
  readonly objective?: Objective;
  /** Default min-SNR with clip 5. */
  readonly lossWeighting?: LossWeighting;
  /** Largest absolute value of a noise draw. Default 20, as in the official code. */
  readonly clipNoise?: number;
}

/** A diffusion process with what one does with it. */
export interface DiffusionForcing extends DiffusionProcess {
  /** See {@link train}. */
  train(options: TrainingOptions): AsyncGenerator<TrainingProgress>;
  /** See {@link Sampler}. */
  sampler(options: SamplerOptions): Sampler;
}

/** Diffusion Forcing (Chen et al. 2024) of a model: a sequence diffusion with a noise level for every token. */
export function diffusionForcing(options: DiffusionForcingOptions): DiffusionForcing {
  const { model, schedule, lossWeighting = { kind: "min-snr", clip: 5 }, clipNoise = 20 } = options;
  const process: DiffusionProcess = {
    model,
    schedule,
    objective: parseObjective(options.objective ?? "v"),
    lossWeighting,
    clipNoise,
  };
  return {
    ...process,
    train: (training) => train(process, training),
    sampler: (sampling) => new Sampler(process, sampling),
  };
}
