import { constant, equal, mul, where } from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import { tensor } from "../engine/tensor/tensor.js";
import type { Parameters } from "../models/model.js";
import { atLevel } from "../process/gaussian/conversions.js";
import { modelPrediction } from "../process/gaussian/objective.js";
import type { DiffusionProcess } from "../process/loss.js";

/** What the network makes of a partly noised sequence. */
export interface Denoised {
  /** The network's own answer, [B, T, ...]. */
  readonly output: Value;
  /** Estimate of the clean sequence, [B, T, ...]. */
  readonly x0: Value;
  /** Estimate of the noise, [B, T, ...]. */
  readonly eps: Value;
}

/**
 * The levels told to the network: clean tokens pretend to be at `stabilizationLevel`.
 *
 * @param levels int32 [B, T].
 */
export function stabilizedLevels(levels: Value, stabilizationLevel: number): Value {
  if (stabilizationLevel === 0) return levels;
  return where(equal(levels, 0), constant(tensor(Int32Array.of(stabilizationLevel), [])), levels);
}

/** Clean tokens scaled by sqrt(alphaBar) of the level they pretend to have; no noise is added. */
export function stabilizedInput(process: DiffusionProcess, x: Value, levels: Value, stabilizationLevel: number): Value {
  if (stabilizationLevel === 0) return x;
  const { tables, levels: count } = process.schedule;
  const factors = new Float32Array(count + 1).fill(1);
  factors[0] = tables.sqrtAlphasCumprod[stabilizationLevel] as number;
  return mul(x, atLevel(factors, levels, x.shape.length));
}

/** Runs the model on tokens [B, T, ...] at levels [B, T] and converts its answer. */
export function denoise(
  process: DiffusionProcess,
  parameters: Parameters,
  tokens: Value,
  noiseLevels: Value,
  condition: Value | undefined,
): Denoised {
  const { model, schedule, objective, clipNoise } = process;
  const output = model.apply(parameters, {
    tokens,
    noiseLevels,
    levelCount: schedule.levels,
    ...(condition === undefined ? {} : { condition }),
  });
  return { output, ...modelPrediction(schedule, objective, tokens, noiseLevels, output, { clipNoise }) };
}
