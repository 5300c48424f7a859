import type { Model } from "./models/model.js";
import type { LossWeighting } from "./process/gaussian/loss-weight.js";
import { type Objective, parseObjective } from "./process/gaussian/objective.js";
import type { NoiseSchedule } from "./process/gaussian/schedule.js";
import type { DiffusionProcess } from "./process/loss.js";
import { Sampler, type SamplerOptions } from "./sampling/sampler.js";
import type { TrainingOptions } from "./training/options.js";
import { type TrainingProgress, type TrainingResult, train, trainStream } from "./training/train.js";

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
  /** Trains to the end; see {@link train}. */
  train(options: TrainingOptions): Promise<TrainingResult>;
  /** Trains step by step; see {@link trainStream}. */
  trainStream(options: TrainingOptions): AsyncGenerator<TrainingProgress>;
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
    trainStream: (training) => trainStream(process, training),
    sampler: (sampling) => new Sampler(process, sampling),
  };
}
