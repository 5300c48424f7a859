import type { Diffusion } from "./diffusion/diffusion.js";
import type { Model } from "./models/model.js";
import type { NoiseSchedule } from "./process/gaussian/schedule.js";
import { variancePreserving } from "./process/gaussian/variance-preserving.js";
import type { LossWeighting } from "./process/loss-weighting.js";
import type { NoiseProcess } from "./process/process.js";
import { Sampler, type SamplerOptions } from "./sampling/sampler.js";
import type { TrainingOptions } from "./training/options.js";
import { type TrainingProgress, type TrainingResult, train, trainStream } from "./training/train.js";

/** A model, and what noise means to it: a schedule for the usual variance-preserving process, or any process. */
export type DiffusionForcingOptions = {
  readonly model: Model;
  /** How much each token's error counts, by its level. Default: the process's own. */
  readonly lossWeighting?: LossWeighting;
} & (
  | {
      readonly schedule: NoiseSchedule;
      /** What the model predicts. Default "v". */
      readonly objective?: "noise" | "x0" | "v";
    }
  | { readonly process: NoiseProcess }
);

/** A diffusion with what one does with it. */
export interface DiffusionForcing extends Diffusion {
  /** See {@link train}. */
  train(options: TrainingOptions): Promise<TrainingResult>;
  /** See {@link trainStream}. */
  trainStream(options: TrainingOptions): AsyncGenerator<TrainingProgress>;
  /** See {@link Sampler}. */
  sampler(options: SamplerOptions): Sampler;
}

/** Diffusion Forcing (Chen et al. 2024) of a model: a sequence diffusion with a noise level for every token. */
export function diffusionForcing(options: DiffusionForcingOptions): DiffusionForcing {
  const { model } = options;
  const process = "process" in options ? options.process : variancePreserving(options.schedule, objectiveOf(options));
  const diffusion: Diffusion = { model, process, lossWeighting: options.lossWeighting ?? process.lossWeighting };
  return {
    ...diffusion,
    train: (training) => train(diffusion, training),
    trainStream: (training) => trainStream(diffusion, training),
    sampler: (sampling) => new Sampler(diffusion, sampling),
  };
}

function objectiveOf({ objective }: { readonly objective?: "noise" | "x0" | "v" }) {
  return objective === undefined ? {} : { objective };
}
