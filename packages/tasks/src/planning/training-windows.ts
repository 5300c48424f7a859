import {
  type Batch,
  type BatchSource,
  DiffusionForcingError,
  type RandomStream,
  tensor,
} from "@diffusion-forcing/core";
import { check, describe, schemas } from "@diffusion-forcing/core/backend";
import { normalizationCodec } from "@diffusion-forcing/core/bundle";
import * as v from "valibot";
import { type Normalizer, normalizeFrames } from "./frames.js";

/** What a planner's sequences are made of. */
export interface PlanningSequences {
  /** Mean and deviation of each feature of a frame; their number is the frame's width. */
  readonly normalizer: Normalizer;
  /** Frames stacked in a token. */
  readonly frameStack: number;
  /** Numbers of tokens, start and goal token included, rising from 3. */
  readonly lengths: readonly number[];
}

export interface TrainingWindowsOptions extends PlanningSequences {
  /** What was observed, one array `[F, width]` an episode, raw units; a window never spans two. */
  readonly trajectories: readonly Float32Array[];
  /** Noise levels of the process. */
  readonly levels: number;
  /** Tokens in a training step, over all its windows. */
  readonly tokensPerStep: number;
}

/** Shares of training windows that are made to look like planning problems. */
const stillStart = 0.5;
const nearlyCleanStart = 0.85;
const goalToken = 0.6;
const nearlyCleanGoal = 0.7;
/** Shares of the levels below which a token counts as nearly clean, and below which a goal may be blurred. */
const nearlyClean = 0.05;
const blurred = 0.4;

const schema = v.strictObject({
  normalizer: v.unknown(),
  frameStack: schemas.integer(1),
  lengths: v.pipe(v.array(schemas.integer(3)), v.nonEmpty("at least one length")),
  trajectories: v.array(v.instance(Float32Array, "a Float32Array")),
  levels: schemas.integer(1),
  tokensPerStep: schemas.integer(1),
});

/**
 * Batches of windows of trajectories for a planner. Every step draws one length and cuts as many windows as fit
 * `tokensPerStep`, so nothing is padded. Levels are independent and uniform (Chen et al. 2024), except for what a
 * planner will meet: half of the start tokens stand still (their last frame repeated), most start tokens are nearly
 * clean, and in 60 % of the windows the last token becomes a goal: its first frame repeated, nearly clean or
 * slightly blurred.
 *
 * @returns batches of tokens `[B, length, frameStack * width]`, normalised, and their noise levels.
 * @throws `invalid-argument` for illegal options, `invalid-config` for a normaliser that is none, `invalid-data` for trajectories that are not whole frames, hold what is
 *   not finite, or are all shorter than the longest window.
 */
export function trainingWindows(options: TrainingWindowsOptions): BatchSource {
  const { normalizer, frameStack, lengths, trajectories, levels, tokensPerStep } = check(
    "trainingWindows",
    schema,
    options,
  ) as TrainingWindowsOptions;
  const width = normalizationCodec(normalizer).config.mean.length;
  const tokenSize = frameStack * width;
  checkTrajectories(trajectories, width);
  const placesOf = new Map(lengths.map((length) => [length, windowPlaces(trajectories, width, length * frameStack)]));

  return (_step, random): Batch => {
    const length = lengths[random.integer(0, lengths.length)] as number;
    const place = placesOf.get(length) as ReturnType<typeof windowPlaces>;
    const batch = Math.max(1, Math.floor(tokensPerStep / length));
    const tokens = new Float32Array(batch * length * tokenSize);
    const noiseLevels = new Int32Array(batch * length);
    random.fillIntegers(noiseLevels, 1, levels + 1);
    for (let window = 0; window < batch; window++) {
      const data = tokens.subarray(window * length * tokenSize, (window + 1) * length * tokenSize);
      data.set(place(random));
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
    if (random.uniform() < stillStart) repeatFrame(data.subarray(0, tokenSize), width, frameStack - 1);
    if (random.uniform() < nearlyCleanStart) windowLevels[0] = below(nearlyClean, random);
    if (random.uniform() >= goalToken) return;
    repeatFrame(data.subarray(last * tokenSize), width, 0);
    windowLevels[last] = below(random.uniform() < nearlyCleanGoal ? nearlyClean : blurred, random);
  }
}

/** Overwrites all frames of a token with one of them. */
function repeatFrame(token: Float32Array, width: number, frame: number): void {
  const copied = token.slice(frame * width, (frame + 1) * width);
  for (let at = 0; at < token.length; at += width) token.set(copied, at);
}

/**
 * Draws windows of so many tokens that look like a planner's problems whole: in raw units, their last token a goal, and
 * half of their first tokens at rest.
 *
 * @throws `invalid-data` as {@link trainingWindows}
 */
export function trainingWindow(
  { normalizer, frameStack, trajectories }: PlanningSequences & Pick<TrainingWindowsOptions, "trajectories">,
  length: number,
): (random: RandomStream) => Float32Array {
  const width = normalizer.mean.length;
  checkTrajectories(trajectories, width);
  const place = windowPlaces(trajectories, width, length * frameStack);
  return (random) => {
    const window = place(random).slice();
    if (random.uniform() < stillStart) repeatFrame(window.subarray(0, frameStack * width), width, frameStack - 1);
    repeatFrame(window.subarray((length - 1) * frameStack * width), width, 0);
    return window;
  };
}

/** Windows of so many frames, drawn uniformly from all that there are: views of the trajectories. */
function windowPlaces(
  trajectories: readonly Float32Array[],
  width: number,
  frames: number,
): (random: RandomStream) => Float32Array {
  const counts = trajectories.map(({ length }) => Math.max(0, length / width - frames + 1));
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) {
    const longest = Math.max(0, ...trajectories.map(({ length }) => length / width));
    throw new DiffusionForcingError(
      "invalid-data",
      trajectories.length === 1
        ? `The dataset has ${longest} frames; the longest window needs ${frames}. Give more data, or smaller lengths.`
        : `The longest of ${trajectories.length} trajectories has ${longest} frames; the longest window needs ${frames}. Give longer ones, or smaller lengths.`,
    );
  }
  return (random) => {
    let first = random.integer(0, total);
    const found = counts.findIndex((count) => {
      if (first < count) return true;
      first -= count;
      return false;
    });
    return (trajectories[found] as Float32Array).subarray(first * width, (first + frames) * width);
  };
}

function checkTrajectories(trajectories: readonly Float32Array[], width: number): void {
  for (const [i, trajectory] of trajectories.entries()) {
    const bad = trajectory.findIndex((value) => !Number.isFinite(value));
    if (trajectory.length % width === 0 && bad < 0) continue;
    throw new DiffusionForcingError(
      "invalid-data",
      bad < 0
        ? `Trajectory ${i} holds ${trajectory.length} numbers; expected whole frames of ${width}.`
        : `Trajectory ${i} holds ${describe(trajectory[bad])} in feature ${bad % width} of frame ${Math.floor(bad / width)}; expected finite numbers.`,
    );
  }
}
