import { createRandom, type HostTensor } from "@diffusion-forcing/core";
import { fitNormalization, type Normalization } from "@diffusion-forcing/core/bundle";
import type { World } from "./world.js";

/** Frames that the mean and deviation of pixels are taken over: some videos' first ones. */
const SAMPLE = { batch: 256, length: 1 } as const;

/** Gives the pixels of each colour mean 0 and deviation 1 over the frames of a world; the same for the same world. */
export async function pixelCodec(world: World): Promise<Normalization> {
  const { frames } = await world.videos(SAMPLE, createRandom(0).split("pixels"), "training");
  return fitNormalization(channelsLast(frames), world.tokenShape[0]);
}

/** [B, T, C, H, W] as [B * T * H * W, C]. */
function channelsLast({ shape, data }: HostTensor): Float32Array {
  const [, , channels, height, width] = shape as [number, number, number, number, number];
  const area = height * width;
  return Float32Array.from({ length: data.length }, (_, i) => {
    const [pixel, channel] = [Math.floor(i / channels), i % channels];
    const [frame, place] = [Math.floor(pixel / area), pixel % area];
    return data[(frame * channels + channel) * area + place] as number;
  });
}
