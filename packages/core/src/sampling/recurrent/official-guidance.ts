import { DiffusionForcingError } from "../../engine/errors.js";
import { equal, mul, reshape, sqrt, sub, where } from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import { atLevel } from "../../process/gaussian/conversions.js";
import type { DiffusionProcess } from "../../process/loss.js";
import { ddimCoefficients } from "../ddim.js";
import { type Guidance, guidanceSamples } from "../guidance.js";

/**
 * What the paper's planner multiplies the gradient of its guidance by before it adds it to a token after the step,
 * (1 - a) - c sqrt(1 - a), a the share of signal at `from` and c the factor of the predicted noise in the step; 0 for
 * a step to level 0. (Version 1.5 subtracts from the predicted noise instead: see `guidanceFactor`.)
 *
 * @returns float32 [B, T, 1, ...] of `rank` axes.
 */
export function officialGuidanceFactor(
  process: DiffusionProcess,
  from: Value,
  to: Value,
  eta: number,
  rank: number,
): Value {
  const noiseShare = sub(1, atLevel(process.schedule.tables.alphasCumprod, from, rank));
  const { direction } = ddimCoefficients(process, from, to, eta, rank);
  const factor = sub(noiseShare, mul(direction, sqrt(noiseShare)));
  const isLast = reshape(equal(to, 0), factor.shape);
  return where(isLast, 0, factor);
}

/** @throws `invalid-argument` for a guidance the paper's planner has no way to follow. */
export function checkOfficialGuidance(guidance: Guidance): void {
  const samples = guidanceSamples(guidance);
  const { factor, clip } = guidance;
  if (samples === 1 && factor === undefined && clip === undefined) return;
  throw new DiffusionForcingError(
    "invalid-argument",
    `Guidance: samples ${samples}, factor ${factor}, clip ${clip} with compatibility "official", which adds the gradient to the tokens after the step; expected samples 1, and neither factor nor clip.`,
  );
}
