/** Linear warm-up from 0 over `warmupSteps`, then constant or a half cosine down to 0 at the last step. */
export interface LearningRateSchedule {
  readonly kind: "constant" | "cosine";
  /** Default 0. */
  readonly warmupSteps?: number;
}

/**
 * The factor on the peak learning rate at `step` (1-based) of `steps`. Warm-up reaches 1 at step `warmupSteps`;
 * unlike the official code it holds for the very first step too.
 */
export function learningRateFactor(schedule: LearningRateSchedule, step: number, steps: number): number {
  const warmup = schedule.warmupSteps ?? 0;
  if (step <= warmup) return step / warmup;
  if (schedule.kind === "constant") return 1;
  const progress = (step - warmup) / Math.max(1, steps - warmup);
  return 0.5 * (1 + Math.cos(Math.PI * Math.min(1, progress)));
}
