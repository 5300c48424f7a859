import type { LossDenominator } from "../diffusion/loss.js";
import { sizeOf } from "../engine/tensor/shape.js";
import { type LearningRateCurve, type LearningRateFunction, learningRateFactor } from "../training/learning-rate.js";
import type { ParameterGrouping } from "../training/parameter-groups.js";

/**
 * Warm-up as the official code does it, which sets the rate after each step: the first step takes the whole rate, and
 * every other step of the warm-up what the step before should have had. With AdamW, whose first step moves every
 * parameter by about the learning rate, that is the jump that warming up is to avoid.
 */
export function officialWarmup(curve: LearningRateCurve): LearningRateFunction {
  const { warmupSteps = 0 } = curve;
  return (step, steps) => {
    if (step > warmupSteps) return learningRateFactor(curve, step, steps);
    return step === 1 ? 1 : (step - 1) / warmupSteps;
  };
}

/**
 * The number of elements, whatever their mask: the more of a batch is padding, the smaller its gradient. For
 * `loss: { denominator: meanOverElements }`.
 */
export const meanOverElements: LossDenominator = (_lossMask, shape) => sizeOf(shape);

/** Weight decay of every parameter, biases and norms included. For `optimizer: { group: everythingDecays }`. */
export const everythingDecays: ParameterGrouping = () => ({});
