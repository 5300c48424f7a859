import * as v from "valibot";
import type { Diffusion } from "./diffusion/diffusion.js";
import { check } from "./engine/check.js";
import { describe } from "./engine/describe.js";
import { DiffusionForcingError } from "./engine/errors.js";
import { shapesEqual } from "./engine/tensor/shape.js";
import { modelSchema } from "./models/check-model.js";
import type { Model } from "./models/model.js";
import { processSchema } from "./process/check-process.js";
import type { NoiseSchedule } from "./process/gaussian/schedule.js";
import { variancePreserving } from "./process/gaussian/variance-preserving.js";
import { checkLossWeighting, type LossWeighting } from "./process/loss-weighting.js";
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

const common = { model: modelSchema, lossWeighting: v.optional(v.unknown()) };
const ofProcess = v.strictObject({ ...common, process: processSchema });
const ofSchedule = v.strictObject({ ...common, schedule: v.unknown(), objective: v.optional(v.unknown()) });

/** The parts of a process by schedule are checked where it is made. */
function diffusionOf(options: DiffusionForcingOptions): Diffusion {
  const isOfProcess = typeof options === "object" && options !== null && "process" in options;
  const { model, lossWeighting } = check("diffusionForcing", isOfProcess ? ofProcess : ofSchedule, options);
  const process = isOfProcess ? options.process : variancePreserving(options.schedule, objectiveOf(options));
  return {
    model,
    process,
    lossWeighting: lossWeighting === undefined ? process.lossWeighting : checkLossWeighting(lossWeighting),
  };
}

function objectiveOf({ objective }: { readonly objective?: "noise" | "x0" | "v" }) {
  return objective === undefined ? {} : { objective };
}

/**
 * Diffusion Forcing (Chen et al. 2024) of a model: a sequence diffusion with a noise level for every token.
 *
 * @throws `invalid-argument`, `invalid-config`, `invalid-schedule` for options that cannot be followed
 */
export function diffusionForcing(options: DiffusionForcingOptions): DiffusionForcing {
  const diffusion = diffusionOf(options);
  checkOutputs(diffusion);
  return {
    ...diffusion,
    train: (training) => train(diffusion, training),
    trainStream: (training) => trainStream(diffusion, training),
    sampler: (sampling) => new Sampler(diffusion, sampling),
  };
}

/** @throws `invalid-config` for a model that outputs something else than the process reads. */
function checkOutputs({ model, process }: Diffusion): void {
  const { config, tokenShape, outputShape = tokenShape } = model;
  const expected = process.outputShape?.(tokenShape) ?? tokenShape;
  if (shapesEqual(outputShape, expected)) return;
  throw new DiffusionForcingError(
    "invalid-config",
    `A process of kind ${describe(process.config.kind)} reads outputs [${expected.join(", ")}] of tokens [${tokenShape.join(", ")}]; this ${config.kind} gives [${outputShape.join(", ")}]. Build it with outputs: ${expected.join(", ")}.`,
  );
}
