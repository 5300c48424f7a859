import type { HostTensor } from "@diffusion-forcing/core";
import { type GoldenCase, tensorOf } from "./case.js";
import { float32, swapAxes } from "./layout.js";

/** How the official configurations make tokens of frames. */
export interface OfficialFrames {
  readonly frame_stack: number;
  readonly external_cond_dim: number;
  readonly data_mean: readonly number[];
  readonly data_std: readonly number[];
}

/** [B, frames, C], every channel normalised. */
export function normalized(
  { shape, data }: { shape: readonly number[]; data: Float64Array },
  config: OfficialFrames,
): HostTensor {
  const channels = config.data_mean.length;
  const values = Array.from(data, (value, i) => {
    const channel = i % channels;
    return (Math.fround(value) - (config.data_mean[channel] as number)) / (config.data_std[channel] as number);
  });
  return float32({ shape, data: values });
}

/** [B, frames, C] -> [B, frames / n, n C]: the same numbers in the same order. */
export function stacked({ shape, data }: HostTensor, frameStack: number): HostTensor {
  const [batch, count, channels] = shape as [number, number, number];
  return float32({ shape: [batch, count / frameStack, channels * frameStack], data });
}

/** The conditions; that of the first frame is zero. */
export function stackedConditions(golden: GoldenCase, config: OfficialFrames): HostTensor | undefined {
  if (config.external_cond_dim === 0) return undefined;
  const { shape, data } = tensorOf(golden, "in.conditions");
  const [batch, count, channels] = shape as [number, number, number];
  const values = Float64Array.from(data);
  for (let b = 0; b < batch; b++) values.fill(0, b * count * channels, b * count * channels + channels);
  return stacked(float32({ shape, data: values }), config.frame_stack);
}

/** Tokens [B, T, n C] as raw frames [frames, B, C]. */
export function frames(
  { shape, data }: HostTensor,
  { frame_stack, data_mean, data_std }: OfficialFrames,
): ReturnType<typeof swapAxes> {
  const [batch, length, width] = shape as [number, number, number];
  const channels = width / frame_stack;
  const raw = Array.from(data, (value, i) => value * data_std[i % channels]! + data_mean[i % channels]!);
  return swapAxes({ shape: [batch, length * frame_stack, channels], data: raw });
}
