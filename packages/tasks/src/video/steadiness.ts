import type { HostTensor } from "@diffusion-forcing/core";
import { mean } from "../intervals.js";
import type { Estimate } from "../task.js";
import type { World } from "./world.js";

/** How far imagined frames are from what a world's frames are like, after a long time. */
export interface Steadiness {
  /** The share of frames with every statistic within 3 standard deviations of the world's, over videos. */
  readonly within: Estimate;
  /** The same of the world's own frames. */
  readonly own: Estimate;
  /** By statistic, the mean distance from the world's mean, in its standard deviations, over videos. */
  readonly deviations: Readonly<Record<string, Estimate>>;
}

/** Standard deviations that a frame of the world may be away. */
const BOUND = 3;

/**
 * Compares frames with a world's, statistic by statistic.
 *
 * @param imagined [B, T, C, H, W]
 * @param real of the world's simulator, any number of videos.
 */
export function steadiness(world: World, imagined: HostTensor, real: HostTensor): Steadiness {
  const [found, reference] = [statisticsOf(world, imagined), statisticsOf(world, real)];
  const names = Object.keys(reference[0]?.[0] ?? {});
  const norms = Object.fromEntries(
    names.map((name) => {
      const values = reference.flatMap((video) => video.map((frame) => frame[name] as number));
      const centre = values.reduce((sum, value) => sum + value, 0) / values.length;
      const variance = values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / values.length;
      // A statistic that never changes leaves no room at all.
      return [name, { centre, std: Math.max(Math.sqrt(variance), 1e-6) }];
    }),
  );
  const distance = (frame: Statistics, name: string): number => {
    const { centre, std } = norms[name] as { centre: number; std: number };
    return ((frame[name] as number) - centre) / std;
  };
  const isWithin = (frame: Statistics): boolean => names.every((name) => Math.abs(distance(frame, name)) <= BOUND);
  const share = (videos: readonly (readonly Statistics[])[]): Estimate =>
    mean(videos.map((video) => video.filter(isWithin).length / video.length));
  return {
    within: share(found),
    own: share(reference),
    deviations: Object.fromEntries(
      names.map((name) => [
        name,
        mean(found.map((video) => video.reduce((sum, frame) => sum + distance(frame, name), 0) / video.length)),
      ]),
    ),
  };
}

type Statistics = Readonly<Record<string, number>>;

function statisticsOf(world: World, { shape, data }: HostTensor): Statistics[][] {
  const [batch, length] = shape as [number, number];
  const size = world.tokenShape.reduce((product, axis) => product * axis, 1);
  return Array.from({ length: batch }, (_, video) =>
    Array.from({ length }, (_, frame) => {
      const start = (video * length + frame) * size;
      return world.statistics(data.subarray(start, start + size));
    }),
  );
}
