import * as v from "valibot";
import { check, schemas } from "../engine/check.js";
import { describe } from "../engine/describe.js";
import { DiffusionForcingError } from "../engine/errors.js";

/** The factor on the peak learning rate at `step` (1-based) of `steps`: finite, at least 0. */
export type LearningRateFunction = (step: number, steps: number) => number;

/** Linear warm-up from 0 over `warmupSteps`, then constant or a half cosine down to 0 at the last step. */
export interface LearningRateCurve {
  readonly kind: "constant" | "cosine";
  /** Default 0. */
  readonly warmupSteps?: number;
}

/** How the learning rate goes over a run: one of the usual curves, or a function of one's own. */
export type LearningRateSchedule = LearningRateCurve | LearningRateFunction;

const curveSchema = v.strictObject({
  kind: schemas.choice("constant", "cosine"),
  warmupSteps: v.optional(schemas.integer(0)),
});

/** @throws `invalid-argument` for what is no schedule. */
export function checkLearningRate(schedule: LearningRateSchedule): void {
  if (typeof schedule !== "function") check("train: learningRate", curveSchema, schedule);
}

const stepsSchema = v.strictObject({ step: schemas.integer(1), steps: schemas.integer(1) });

/**
 * The factor on the peak learning rate at `step` (1-based) of `steps`. Warm-up reaches 1 at step `warmupSteps`.
 *
 * @throws `invalid-argument` for what is no schedule or no step, and if a function of one's own gives no finite number from 0.
 */
export function learningRateFactor(schedule: LearningRateSchedule, step: number, steps: number): number {
  checkLearningRate(schedule);
  check("learningRateFactor", stepsSchema, { step, steps });
  if (typeof schedule === "function") {
    const factor = schedule(step, steps);
    if (Number.isFinite(factor) && factor >= 0) return factor;
    throw new DiffusionForcingError(
      "invalid-argument",
      `train: learningRate(${step}, ${steps}) is ${describe(factor)}; expected a factor on the peak rate, a number from 0.`,
    );
  }
  const warmup = schedule.warmupSteps ?? 0;
  if (step <= warmup) return step / warmup;
  if (schedule.kind === "constant") return 1;
  const progress = (step - warmup) / Math.max(1, steps - warmup);
  return 0.5 * (1 + Math.cos(Math.PI * Math.min(1, progress)));
}
