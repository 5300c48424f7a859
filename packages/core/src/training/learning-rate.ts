import { checkChoice } from "../engine/choice.js";
import { DiffusionForcingError } from "../engine/errors.js";

/** Linear warm-up from 0 over `warmupSteps`, then constant or a half cosine down to 0 at the last step. */
export interface LearningRateSchedule {
  readonly kind: "constant" | "cosine";
  /** Default 0. */
  readonly warmupSteps?: number;
  /**
   * "official" warms up as the official code does, which sets the rate after each step: the first step takes the whole
   * rate, and every other step of the warm-up what the step before should have had. With AdamW, whose first step moves
   * every parameter by about the learning rate, that is the jump that warming up is to avoid. Default: off.
   */
  readonly compatibility?: "official";
}

/** @throws `invalid-argument` for what is no schedule. */
export function checkLearningRate({ kind, warmupSteps = 0, compatibility }: LearningRateSchedule): void {
  checkChoice("learningRate: kind", kind ?? "missing", ["constant", "cosine"]);
  checkChoice("learningRate: compatibility", compatibility, ["official"]);
  if (!Number.isInteger(warmupSteps) || warmupSteps < 0) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `learningRate: warmupSteps is ${warmupSteps}; expected a whole number of at least 0.`,
    );
  }
}

/** The factor on the peak learning rate at `step` (1-based) of `steps`. Warm-up reaches 1 at step `warmupSteps`. */
export function learningRateFactor(schedule: LearningRateSchedule, step: number, steps: number): number {
  const warmup = schedule.warmupSteps ?? 0;
  const isOfficial = schedule.compatibility === "official";
  const warmed = isOfficial ? (step === 1 ? warmup : step - 1) : step;
  if (step <= warmup) return warmed / warmup;
  if (schedule.kind === "constant") return 1;
  const progress = (step - warmup) / Math.max(1, steps - warmup);
  return 0.5 * (1 + Math.cos(Math.PI * Math.min(1, progress)));
}
