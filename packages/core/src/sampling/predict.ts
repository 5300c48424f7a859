import { add, constant, mul, reshape } from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import type { DataRange } from "../models/index.js";
import type { Estimate, NoiseProcess, ValueRange } from "../process/process.js";
import { atLevel } from "../process/tables.js";
import { type CombinedInputs, estimatorOf } from "./guidance/combined-estimate.js";
import { type Guidance, guidanceGain, type RewardGradient, rewardGradient } from "./guidance/gradient.js";
import type { ScoreCombination } from "./guidance/score-combination.js";
import type { Network } from "./network.js";
import { stabilized } from "./stabilization.js";

/** What steers a prediction, whatever solver asks for it. */
export interface SteeringOptions {
  /** The level that clean tokens pretend to have; see {@link stabilized}. */
  readonly stabilizationLevel: number;
  readonly guidance?: Guidance;
  /** Of the data the model was trained on, if it is known: see `EstimateLimit`. */
  readonly range?: DataRange;
  /** Combines several evaluations of the model (classifier-free and history guidance); absent: one evaluation. */
  readonly scores?: ScoreCombination;
}

/** What steering takes besides the tokens. */
export interface SteeringInputs {
  /** float32 [B, T, D] */
  readonly condition?: Value;
  /** Standard normal, limited, [B, T, ...]; needed if `scores` noise the history. */
  readonly historyNoise?: Value;
  /** Standard normal, limited, [N, B, T, ...] for the N futures of Monte Carlo guidance; needed if N > 1. */
  readonly futureNoise?: Value;
  readonly guidanceInputs?: Readonly<Record<string, Value>>;
}

export interface Prediction extends Estimate {
  /** Present if the prediction is guided. */
  readonly guidance?: RewardGradient;
}

/**
 * The prediction that solvers take, in one place for all of them: clean tokens stabilised, evaluations combined, the
 * estimate of the clean tokens limited to what tokens of their level can say, moved up the slope of the guidance's
 * reward, and limited again. The noise is what then remains.
 *
 * @param x tokens, float32 [B, T, ...].
 * @param levels int32 [B, T].
 */
export function predict(
  process: NoiseProcess,
  network: Network,
  options: SteeringOptions,
  inputs: SteeringInputs,
  x: Value,
  levels: Value,
): Prediction {
  const { tokens, told } = stabilized(process, x, levels, options.stabilizationLevel);
  const shown: CombinedInputs & SteeringInputs = { ...inputs, x, levels, tokens, told };
  const estimate = estimatorOf(process, network, options.scores);
  const raw = estimate(shown);
  const range = options.range && valueRange(options.range, x);
  const limit = (clean: Value): Value => process.limit(clean, told, range);
  const limited = limit(raw.clean);
  const plain: Estimate =
    limited === raw.clean ? raw : { ...raw, clean: limited, noise: process.noiseOf(tokens, told, limited) };
  if (options.guidance === undefined) return plain;
  const guidance = rewardGradient(process, estimate, options.guidance, plain.clean, { ...shown, range });
  const { guidanceScale = 1 } = options.guidance;
  const move = atLevel(guidanceGain(options.guidance, process), told, x.shape.length);
  const clean = limit(add(plain.clean, mul(mul(guidance.gradient, move), guidanceScale)));
  return { ...plain, clean, noise: process.noiseOf(tokens, told, clean), guidance };
}

/** [C] -> [1, 1, C, 1, ...], to broadcast over tokens [B, T, C, ...]. */
function valueRange({ minimum, maximum }: DataRange, { shape }: Value): ValueRange {
  const sizes = shape.map((size, axis) => (axis === 2 ? size : 1));
  return { minimum: reshape(constant(minimum), sizes), maximum: reshape(constant(maximum), sizes) };
}
