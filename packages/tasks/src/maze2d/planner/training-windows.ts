import {
  type Batch,
  type BatchSource,
  DiffusionForcingError,
  type RandomStream,
  tensor,
} from "@diffusion-forcing/core";
import type { MazeDataset } from "../dataset.js";
import type { PlannerConfig } from "./config.js";
import { featuresPerFrame, type Normalizer, normalizeFrames, readFrames } from "./frames.js";

/** Shares of training windows that are made to look like planning problems. */
const stillStart = 0.5;
const nearlyCleanStart = 0.85;
const goalToken = 0.6;
const nearlyCleanGoal = 0.7;
/** Levels, of 1000, below which a token counts as nearly clean, and below which a goal may be blurred. */
const nearlyClean = 0.05;
const blurred = 0.4;

/**
 * Batches of windows of the dataset for a planner. Every step draws one length and cuts as many windows as fit
 * `tokensPerStep`, so nothing is padded. Levels are independent and uniform (Chen et al. 2024), except for what a
 * planner will meet: half of the start tokens stand still (their last frame repeated), most start tokens are nearly
 * clean, and in 60 % of the windows the last token becomes a goal: its first frame repeated, nearly clean or
 * slightly blurred.
 *
 * @throws `invalid-data` for a dataset shorter than the longest window.
 */
export function trainingWindows(
  config: PlannerConfig,
  dataset: MazeDataset,
  normalizer: Normalizer,
  tokensPerStep: number,
): BatchSource {
  const { frameStack, fields, lengths, schedule } = config;
  const width = featuresPerFrame(fields);
  const tokenSize = frameStack * width;
  const levels = schedule.levels;
  const frames = dataset.actions.length / 2;
  const longest = Math.max(...lengths) * frameStack;
  if (frames < longest) {
    throw new DiffusionForcingError(
      "invalid-data",
      `The dataset has ${frames} frames; the longest window needs ${longest}. Generate more data.`,
    );
  }

  return (_step, random): Batch => {
    const length = lengths[random.integer(0, lengths.length)] as number;
    const batch = Math.max(1, Math.floor(tokensPerStep / length));
    const tokens = new Float32Array(batch * length * tokenSize);
    const noiseLevels = new Int32Array(batch * length);
    random.fillIntegers(noiseLevels, 1, levels + 1);
    for (let window = 0; window < batch; window++) {
      const first = random.integer(0, frames - length * frameStack + 1);
      const data = tokens.subarray(window * length * tokenSize, (window + 1) * length * tokenSize);
      readFrames(dataset, fields, first, length * frameStack, data);
      const windowLevels = noiseLevels.subarray(window * length, (window + 1) * length);
      asPlanningProblem(data, windowLevels, random);
    }
    normalizeFrames(tokens, normalizer);
    return {
      tokens: tensor(tokens, [batch, length, tokenSize]),
      noiseLevels: tensor(noiseLevels, [batch, length]),
    };
  };

  function below(share: number, random: RandomStream): number {
    return random.integer(1, Math.max(2, Math.floor(levels * share) + 1));
  }

  function asPlanningProblem(data: Float32Array, windowLevels: Int32Array, random: RandomStream): void {
    const last = windowLevels.length - 1;
    if (random.uniform() < stillStart) repeatFrame(data.subarray(0, tokenSize), frameStack - 1);
    if (random.uniform() < nearlyCleanStart) windowLevels[0] = below(nearlyClean, random);
    if (random.uniform() >= goalToken) return;
    repeatFrame(data.subarray(last * tokenSize), 0);
    windowLevels[last] = below(random.uniform() < nearlyCleanGoal ? nearlyClean : blurred, random);
  }

  /** Overwrites all frames of a token with one of them. */
  function repeatFrame(token: Float32Array, frame: number): void {
    const copied = token.slice(frame * width, (frame + 1) * width);
    for (let at = 0; at < token.length; at += width) token.set(copied, at);
  }
}
