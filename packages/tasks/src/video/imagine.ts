import type { Backend, Bundle, HostTensor, RandomStream } from "@diffusion-forcing/core";
import { schemas } from "@diffusion-forcing/core/backend";
import { Sampler } from "@diffusion-forcing/core/sampling";
import type * as v from "valibot";
import { type VideoRecord, videoRecordOf } from "./record.js";
import { leastLevel } from "./training-levels.js";
import type { WorldVideos } from "./world.js";

export interface SamplingSettings {
  /** Denoising steps a frame takes. */
  readonly steps: number;
  /** The level that clean frames pretend to have; 0: the least that the model knows clean frames by. */
  readonly stabilization: number;
}

/** What models of videos are sampled with unless told otherwise: a deterministic predictor knows one step only. */
export function usualSettings({ diffusion }: Bundle, { levels }: VideoRecord): SamplingSettings {
  const stabilization = Math.max(1, Math.round(diffusion.process.levels / 100));
  return { steps: levels === "next-frame" ? 1 : Math.min(10, diffusion.process.levels), stabilization };
}

/** @throws `invalid-config` for a bundle of another task */
function videoSampler(bundle: Bundle, backend: Backend, { steps, stabilization }: SamplingSettings): Sampler {
  const { diffusion, parameters } = bundle;
  return new Sampler(diffusion, {
    backend,
    parameters,
    timesteps: steps,
    stabilizationLevel: stabilization === 0 ? leastLevel(videoRecordOf(bundle).levels) : stabilization,
  });
}

export interface ImagineRequest extends SamplingSettings {
  readonly backend: Backend;
  /** How many videos. */
  readonly batch: number;
  /** Frames to go on from, [B, T, C, H, W]; absent: all is imagined. */
  readonly context?: HostTensor;
  /** How many frames are imagined; may be Infinity. */
  readonly length: number;
  /** In a world that one acts in: what is done before `count` frames from the `first`, 0 being the context's first. */
  readonly condition?: (first: number, count: number) => HostTensor;
  readonly random: RandomStream;
  readonly signal?: AbortSignal;
}

/** By setting; the sampler bounds them by its levels. */
export const settingSchemas: Readonly<Record<keyof SamplingSettings, v.GenericSchema<number>>> = {
  steps: schemas.integer(1),
  stabilization: schemas.integer(0),
};

/**
 * Goes on from given frames: yields each imagined frame of all videos, [B, 1, C, H, W], as soon as it is there. What is
 * kept of the past has constant size.
 *
 * @throws `invalid-config` for a bundle of another task, `aborted`
 */
export async function* imagine(bundle: Bundle, request: ImagineRequest): AsyncGenerator<HostTensor> {
  const { backend, batch, context, length, condition, random, signal } = request;
  const { frames: window } = videoRecordOf(bundle);
  const sampler = videoSampler(bundle, backend, request);
  const { codec } = bundle;
  const given = context?.shape[1] ?? 0;
  // A model without a cache sees no more than its window.
  const unseen = bundle.diffusion.model.memory === undefined ? Math.max(0, given - window) : 0;
  const seen = context && framesBetween(context, unseen, given);
  try {
    const chunks = sampler.rollout({
      ...(seen ? { context: codec ? await codec.encode(seen) : seen } : { batch }),
      length,
      window,
      ...(condition ? { condition: (first: number, count: number) => condition(unseen + first, count) } : {}),
      seed: random,
      ...(signal ? { signal } : {}),
    });
    for await (const { tokens } of chunks) yield codec ? await codec.decode(tokens) : tokens;
  } finally {
    await sampler.dispose();
  }
}

/** Frames from..to of all videos, [B, to - from, ...]. */
export function framesBetween({ shape, data }: HostTensor, from: number, to: number): HostTensor<"float32"> {
  const [batch, length, ...item] = shape as [number, number, ...number[]];
  const size = item.reduce((product, axis) => product * axis, 1);
  const result = new Float32Array(batch * (to - from) * size);
  for (let video = 0; video < batch; video++) {
    const start = video * length * size;
    result.set(data.subarray(start + from * size, start + to * size), video * (to - from) * size);
  }
  return { dtype: "float32", shape: [batch, to - from, ...item], data: result };
}

/** Frames of the same videos one after the other, [B, T1 + T2 + ..., ...]. */
export function inOrder(parts: readonly HostTensor[]): HostTensor<"float32"> {
  const [batch = 0, , ...item] = parts[0]?.shape ?? [];
  const size = item.reduce((product, axis) => product * axis, 1);
  const lengths = parts.map(({ shape }) => shape[1] ?? 0);
  const total = lengths.reduce((sum, length) => sum + length, 0);
  const result = new Float32Array(batch * total * size);
  let from = 0;
  for (const [i, { data }] of parts.entries()) {
    const length = lengths[i] as number;
    for (let video = 0; video < batch; video++) {
      const part = data.subarray(video * length * size, (video + 1) * length * size);
      result.set(part, (video * total + from) * size);
    }
    from += length;
  }
  return { dtype: "float32", shape: [batch, total, ...item], data: result };
}

/** What is done in videos of a simulator, for those who go on from them. */
export function conditionsOf({ condition }: WorldVideos): Pick<ImagineRequest, "condition"> {
  return condition === undefined ? {} : { condition: (first, count) => framesBetween(condition, first, first + count) };
}
