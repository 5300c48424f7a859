import { DiffusionForcingError } from "../../engine/errors.js";
import { add, broadcastTo, constant, div, matmul, mul, sub } from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import { tensor, zeros } from "../../engine/tensor/tensor.js";
import { atLevel } from "./conversions.js";
import type { Objective } from "./objective.js";
import type { NoiseSchedule } from "./schedule.js";

/** How tokens are weighted in the loss, as JSON. */
export type LossWeighting =
  /** Every token alike: by `scale`, default 1. The paper's planners and videos use half of `snr_clip`. */
  | { readonly kind: "uniform"; readonly scale?: number }
  /**
   * The running average of the past tokens' limited ratio alone, whatever the token's own level; the first token, which
   * has no past, weighs clip / 2. The paper's branch with `use_cum_snr` but without `use_snr`.
   */
  | { readonly kind: "past-snr"; readonly clip: number; readonly decay: number }
  /** Hang et al. 2023: the ratio is limited to `clip`, so that nearly clean tokens do not dominate. */
  | { readonly kind: "min-snr"; readonly clip: number }
  /**
   * Diffusion Forcing's fused ratio: a noisy token after clean ones counts as if it were less noisy, by a running
   * average of the past tokens' limited ratio. `decay` in 0..1 is per token: whoever stacks n frames into a token
   * raises a per-frame decay to the power n.
   */
  | { readonly kind: "fused-snr"; readonly clip: number; readonly decay: number }
  /** clamp(snr, low, high) / high whatever the objective: the weighting of the paper's Maze2D planner (0.5 and 5). */
  | { readonly kind: "clamped-snr"; readonly low: number; readonly high: number };

function invalid(message: string): DiffusionForcingError {
  return new DiffusionForcingError("invalid-config", `Loss weighting: ${message}.`);
}

function checkPositive(name: string, value: number): void {
  if (!Number.isFinite(value) || value <= 0) throw invalid(`${name} is ${value}; expected a positive number`);
}

function checkDecay(decay: number): void {
  if (!(decay >= 0 && decay <= 1)) throw invalid(`decay is ${decay}; expected a number from 0 to 1`);
}

/** The min-SNR weight of a token whose signal-to-noise ratio is `snr`, from its limited value. */
function minSnrWeight(objective: Objective, snr: number, clipped: number): number {
  switch (objective) {
    case "noise":
      return clipped / snr;
    case "x0":
      return clipped;
    case "v":
      return clipped / (snr + 1);
  }
}

/** Stands for the infinite ratio of level 0, so that no infinity enters the graph: weights there come out below 1e-10. */
const LARGEST_RATIO = 1e12;

/**
 * W [T, T] with (W m)_t = c_{t-1}, where c_0 = m_0 and c_t = decay c_{t-1} + (1 - decay) m_t: row t holds the weights
 * of the tokens before t, row 0 is zero.
 */
function pastAverage(tokens: number, decay: number): Value {
  const weights = new Float32Array(tokens * tokens);
  for (let t = 1; t < tokens; t++) {
    for (let past = 0; past < t; past++) {
      weights[t * tokens + past] = decay ** (t - 1 - past) * (past === 0 ? 1 : 1 - decay);
    }
  }
  return constant(tensor(weights, [tokens, tokens]));
}

/** 1 - (1 - decay past) (1 - ratio): the ratio of a token together with its past. */
function fuse(ratio: Value, past: Value, decay: number): Value {
  return sub(1, mul(sub(1, mul(past, decay)), sub(1, ratio)));
}

function ratioAt(schedule: NoiseSchedule, levels: Value, clip: number, limit: number): Value {
  return atLevel(
    schedule.tables.snr.map((value) => Math.min(value, limit) / clip),
    levels,
    2,
  );
}

/** The running average of the limited ratios of the tokens before each token, [B, T]; 0 for the first. */
function pastRatio(clippedRatio: Value, decay: number): Value {
  return matmul(clippedRatio, pastAverage(clippedRatio.shape[1] as number, decay), { transposeB: true });
}

function fusedSnrWeight(
  schedule: NoiseSchedule,
  objective: Objective,
  levels: Value,
  clip: number,
  decay: number,
): Value {
  const ratio = ratioAt(schedule, levels, clip, LARGEST_RATIO);
  const clippedRatio = ratioAt(schedule, levels, clip, clip);
  const past = pastRatio(clippedRatio, decay);
  const fusedClipped = fuse(clippedRatio, past, decay);
  switch (objective) {
    case "noise":
      return div(fusedClipped, fuse(ratio, past, decay));
    case "x0":
      return mul(fusedClipped, clip);
    case "v":
      return div(mul(fusedClipped, clip), add(mul(fuse(ratio, past, decay), clip), 1));
  }
}

/**
 * The weight of each token's squared error.
 *
 * @param levels int32 [B, T], 0..K; a token at level 0 has nothing to predict and weighs (almost) nothing, except
 *   under the x0 objective.
 * @returns float32 [B, T].
 * @throws `invalid-config` for a limit that is not positive or a decay outside 0..1.
 */
export function lossWeight(
  schedule: NoiseSchedule,
  objective: Objective,
  levels: Value,
  weighting: LossWeighting,
): Value {
  const { snr } = schedule.tables;
  switch (weighting.kind) {
    case "uniform": {
      const { scale = 1 } = weighting;
      checkPositive("scale", scale);
      return broadcastTo(constant(scale), levels.shape);
    }
    case "past-snr": {
      const { clip, decay } = weighting;
      checkPositive("clip", clip);
      checkDecay(decay);
      const first = zeros("float32", [levels.shape[1] as number]);
      first.data[0] = clip / 2;
      return add(mul(pastRatio(ratioAt(schedule, levels, clip, clip), decay), clip), constant(first));
    }
    case "min-snr": {
      const { clip } = weighting;
      checkPositive("clip", clip);
      return atLevel(
        snr.map((value) => minSnrWeight(objective, value, Math.min(value, clip))),
        levels,
        2,
      );
    }
    case "fused-snr": {
      const { clip, decay } = weighting;
      checkPositive("clip", clip);
      checkDecay(decay);
      return fusedSnrWeight(schedule, objective, levels, clip, decay);
    }
    case "clamped-snr": {
      const { low, high } = weighting;
      checkPositive("low", low);
      checkPositive("high", high);
      if (low > high) throw invalid(`low is ${low} and high is ${high}; expected low to be at most high`);
      return atLevel(
        snr.map((value) => Math.min(Math.max(value, low), high) / high),
        levels,
        2,
      );
    }
    default: {
      const kind = JSON.stringify((weighting as { kind: unknown }).kind);
      throw invalid(`there is no kind ${kind}; the known ones are uniform, min-snr, fused-snr, past-snr, clamped-snr`);
    }
  }
}
