import type { HostTensor } from "@diffusion-forcing/core";
import { chainCodecs, frameStackCodec, normalizationCodec, type PlainCodec } from "@diffusion-forcing/core/bundle";
import { type GoldenCase, tensorOf } from "./case.js";
import { float32 } from "./layout.js";

/** How the official configurations make tokens of frames. */
export interface OfficialFrames {
  readonly frame_stack: number;
  readonly external_cond_dim: number;
  readonly data_mean: readonly number[];
  readonly data_std: readonly number[];
}

/** Frames as the official code normalises and stacks them. */
export function officialCodec({ frame_stack, data_mean, data_std }: OfficialFrames): PlainCodec {
  return chainCodecs([normalizationCodec({ mean: data_mean, std: data_std }), frameStackCodec(frame_stack)]);
}

/** The conditions, that of the first frame zero, stacked as the tokens are; undefined where there are none. */
export function stackedConditions(golden: GoldenCase, config: OfficialFrames): HostTensor | undefined {
  if (config.external_cond_dim === 0) return undefined;
  const { shape, data } = tensorOf(golden, "in.conditions");
  const [batch, count, channels] = shape as [number, number, number];
  const values = Float64Array.from(data);
  for (let b = 0; b < batch; b++) values.fill(0, b * count * channels, b * count * channels + channels);
  return frameStackCodec(config.frame_stack).encode(float32({ shape, data: values }));
}
