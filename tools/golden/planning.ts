import { type GoldenCase, tensorOf } from "./case.js";
import { type Numbers, swapAxes } from "./layout.js";
import type { OfficialDiffusion } from "./official.js";
import type { OfficialModel } from "./official-model.js";

/** The configuration of the official planning algorithm. */
export interface PlanningConfig {
  readonly diffusion: OfficialDiffusion;
  readonly frame_stack: number;
  readonly causal: boolean;
  readonly episode_len: number;
  readonly padding_mode: "same" | "zero";
  readonly use_reward: boolean;
  readonly observation_mean: readonly number[];
  readonly observation_std: readonly number[];
  readonly action_mean: readonly number[];
  readonly action_std: readonly number[];
  readonly reward_mean: number;
  readonly reward_std: number;
  readonly batch: number;
}

/** Mean and deviation of every feature of a frame: observation, action and, if used, the reward. */
export function frameMoments(config: PlanningConfig): { mean: number[]; deviation: number[] } {
  const { use_reward } = config;
  return {
    mean: [...config.observation_mean, ...config.action_mean, ...(use_reward ? [config.reward_mean] : [])],
    deviation: [...config.observation_std, ...config.action_std, ...(use_reward ? [config.reward_std] : [])],
  };
}

export function planningModel(golden: GoldenCase): OfficialModel {
  const config = golden.json.config as PlanningConfig;
  return {
    diffusion: config.diffusion,
    features: config.frame_stack * frameMoments(config).mean.length,
    conditionFeatures: 0,
    causal: config.causal,
    decay: golden.json.effective_cum_snr_decay as number,
  };
}

/** A normalised frame made a start token: repeated, or after zeros. */
export function startToken(config: PlanningConfig, frame: readonly number[]): number[] {
  const { frame_stack, padding_mode } = config;
  return Array.from({ length: frame_stack }, (_, i) =>
    padding_mode === "same" || i === frame_stack - 1 ? frame : frame.map(() => 0),
  ).flat();
}

/** Tokens [B, T, n C] as frames [T n, B, C]. */
export function unstackedFrames(framesPerToken: number, tokens: Numbers): Numbers {
  const [batch = 1, length = 1, size = 1] = tokens.shape;
  return swapAxes({ shape: [batch, length * framesPerToken, size / framesPerToken], data: tokens.data });
}

/** Normalised frames [..., C] in raw units. */
export function rawFrames(config: PlanningConfig, { shape, data }: Numbers): Numbers {
  const { mean, deviation } = frameMoments(config);
  const width = mean.length;
  return { shape, data: Float64Array.from(data, (value, i) => value * deviation[i % width]! + mean[i % width]!) };
}

/** Rows first..first + count of the leading axis. */
export function leadingRows({ shape, data }: Numbers, first: number, count: number): Numbers {
  const [, ...rest] = shape;
  const size = rest.reduce((product, axis) => product * axis, 1);
  return { shape: [count, ...rest], data: Array.from(data).slice(first * size, (first + count) * size) };
}

/** Row `row` of a [rows, width] tensor. */
export function rowOf(golden: GoldenCase, name: string, row: number): number[] {
  const { shape, data } = tensorOf(golden, name);
  const width = shape[1] as number;
  return [...data.subarray(row * width, (row + 1) * width)];
}
