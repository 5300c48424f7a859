import { DiffusionForcingError } from "../../engine/errors.js";
import { clamp } from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import { noiseFromX0, velocity, x0FromNoise, x0FromVelocity } from "./conversions.js";
import type { NoiseSchedule } from "./schedule.js";

/** What the network is trained to output: the noise, the clean token, or v (Salimans and Ho 2022). */
export type Objective = "noise" | "x0" | "v";

const objectives: readonly Objective[] = ["noise", "x0", "v"];

/** @throws `invalid-config` unless `value` names an objective. */
export function parseObjective(value: unknown): Objective {
  const objective = objectives.find((name) => name === value);
  if (objective === undefined) {
    throw new DiffusionForcingError(
      "invalid-config",
      `There is no objective ${JSON.stringify(value)}; the known ones are ${objectives.join(", ")}.`,
    );
  }
  return objective;
}

/**
 * What the network's output is compared with in training.
 *
 * @param x0 clean tokens, float32 [B, T, ...].
 * @param levels int32 [B, T], 0..K.
 * @param noise the noise that was added, as x0.
 */
export function trainingTarget(
  schedule: NoiseSchedule,
  objective: Objective,
  x0: Value,
  levels: Value,
  noise: Value,
): Value {
  switch (objective) {
    case "noise":
      return noise;
    case "x0":
      return x0;
    case "v":
      return velocity(schedule, x0, levels, noise);
  }
}

/** Options of {@link modelPrediction}. */
export interface ModelPredictionOptions {
  /** A predicted noise is limited to -clipNoise..clipNoise before x0 is derived from it; absent: not limited. */
  readonly clipNoise?: number;
}

/**
 * The network's output, whatever its objective, as an estimate of both the clean token and the noise. Only the noise
 * objective is limited by `clipNoise`; x0 never is.
 *
 * @param x the network's input, float32 [B, T, ...].
 * @param levels the levels it was given, int32 [B, T].
 * @param output what it answered, as x.
 */
export function modelPrediction(
  schedule: NoiseSchedule,
  objective: Objective,
  x: Value,
  levels: Value,
  output: Value,
  options: ModelPredictionOptions = {},
): { x0: Value; eps: Value } {
  const { clipNoise } = options;
  switch (objective) {
    case "noise": {
      const eps = clipNoise === undefined ? output : clamp(output, -clipNoise, clipNoise);
      return { x0: x0FromNoise(schedule, x, levels, eps), eps };
    }
    case "x0":
      return { x0: output, eps: noiseFromX0(schedule, x, levels, output) };
    case "v": {
      const x0 = x0FromVelocity(schedule, x, levels, output);
      return { x0, eps: noiseFromX0(schedule, x, levels, x0) };
    }
  }
}
