import { type Guidance, type HostTensor, zeros } from "@diffusion-forcing/core";
import { check, schemas } from "@diffusion-forcing/core/backend";
import {
  concat,
  constant,
  maximum,
  mean,
  mul,
  reshape,
  slice,
  sqrt,
  square,
  sub,
  sum,
  tanh,
  type Value,
} from "@diffusion-forcing/core/graph";
import * as v from "valibot";

export interface ReachGoalOptions extends Pick<Guidance, "samples"> {
  /** Strength per sample. The official code's scale is divided by its batch size: its 2 at batch 40 is 0.05 here. */
  readonly guidanceScale: number;
  /** Frames stacked in a token, n. */
  readonly frameStack: number;
  /** Leading features of a frame that are observations, an even number: pairs are treated as points. */
  readonly observationFeatures: number;
  /** Features after them, pulled towards 0. Default 0. */
  readonly actionFeatures?: number;
  /** Frames after the start token that belong to the plan; later ones are padding. Default: all. */
  readonly horizon?: number;
  /**
   * "intended" weighs the first pair of observations 20 at the start, 1 in the plan and 0 in the padding, and the
   * rest 2 at the start and 8 elsewhere. "aliased" is what the official code computes, its weights sharing memory: 2
   * at the start and 8 elsewhere for everything. Default "intended".
   */
  readonly weights?: "intended" | "aliased";
}

const optionsSchema = v.strictObject({
  guidanceScale: schemas.number(),
  frameStack: schemas.integer(1),
  observationFeatures: schemas.satisfying<number>(
    "an even number from 2",
    (value) => Number.isSafeInteger(value) && (value as number) >= 2 && (value as number) % 2 === 0,
  ),
  actionFeatures: v.optional(schemas.integer(0), 0),
  horizon: v.optional(schemas.integer(0)),
  weights: v.optional(schemas.choice("intended", "aliased")),
  samples: v.optional(schemas.integer(1)),
});

/** The weight of each frame and channel, [F, channels]. */
export function reachGoalWeights(
  frames: number,
  channels: number,
  options: Pick<ReachGoalOptions, "frameStack" | "horizon" | "weights">,
): HostTensor<"float32"> {
  const { frameStack, horizon = frames, weights = "intended" } = options;
  const result = zeros("float32", [frames, channels]);
  for (let frame = 0; frame < frames; frame++) {
    const isStart = frame < frameStack;
    for (let channel = 0; channel < channels; channel++) {
      const first = isStart ? 20 : frame < frameStack + horizon ? 1 : 0;
      result.data[frame * channels + channel] = weights === "intended" && channel === 0 ? first : isStart ? 2 : 8;
    }
  }
  return result;
}

/**
 * Guidance of a planner towards a goal (official Diffusion Forcing code, planning task): the value of a plan is
 * -1000 scale times the weighted mean over frames and channels of the distance to the start (first token) or to the
 * goal (every other frame). A channel is tanh(d / 2) of one pair of observation features, and last the plain
 * distance of the action features to 0.
 *
 * Guidance inputs, normalised like the tokens: `start` and `goal`, [B, frame features].
 *
 * @throws `invalid-argument`
 */
export function reachGoal(options: ReachGoalOptions): Guidance {
  const { actionFeatures } = check("reachGoal", optionsSchema, options);
  const { guidanceScale, frameStack, observationFeatures, samples } = options;
  const width = observationFeatures + actionFeatures;
  return {
    ...(samples === undefined ? {} : { samples }),
    guidanceScale,
    inputs: (batch) => {
      const frame = { dtype: "float32", shape: [batch, width] } as const;
      return { start: frame, goal: frame };
    },
    reward: (x0, inputs) => goalReward(x0, inputs.start as Value, inputs.goal as Value),
  };

  function goalReward(x0: Value, start: Value, goal: Value): Value {
    const [batch, tokens] = x0.shape as [number, number, number];
    const frames = tokens * frameStack;
    const all = reshape(x0, [batch, frames, width]);
    const toStart = sub(slice(all, 1, 0, frameStack), reshape(start, [batch, 1, width]));
    const toGoal = sub(slice(all, 1, frameStack, frames), reshape(goal, [batch, 1, width]));
    const squares = square(concat([toStart, toGoal], 1)); // [B, F, width]
    const distances: Value[] = [];
    for (let pair = 0; pair < observationFeatures; pair += 2) {
      distances.push(tanh(mul(distance(slice(squares, 2, pair, pair + 2)), 0.5)));
    }
    distances.push(
      actionFeatures > 0 ? distance(slice(squares, 2, observationFeatures, width)) : mul(distances[0] as Value, 0),
    );
    const channels = concat(distances, 2); // [B, F, channels]
    const weights = constant(reachGoalWeights(frames, distances.length, options));
    return mul(mean(mul(channels, weights), [1, 2]), -1000);
  }
}

/** The root of the sum over the last axis, which is kept; its slope at 0 is 0 instead of infinite. */
function distance(squares: Value): Value {
  return sqrt(maximum(sum(squares, 2, true), 1e-12));
}
