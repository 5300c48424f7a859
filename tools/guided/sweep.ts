import type { Backend, DiffusionForcing, Guidance, HostTensorRecord } from "@diffusion-forcing/core";
import { reshape, slice } from "@diffusion-forcing/core/graph";
import { mean, standardDeviation } from "simple-statistics";
import { LENGTH } from "./circles.js";

/** Factors of the reward; 0 is no guidance. */
export const scales: readonly number[] = [0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2];

const BATCH = 64;

/** What samples under one scale are like. */
export interface Found {
  readonly scale: number;
  /** Of the first coordinate of the last token, over the samples, and its standard error. */
  readonly mean: number;
  readonly error: number;
  /** Largest absolute value of any coordinate of any token. */
  readonly largest: number;
}

/** The first coordinate of the last token. */
const rightwards: Guidance["reward"] = (clean) => reshape(slice(slice(clean, 1, LENGTH - 1, LENGTH), 2, 0, 1), [-1]);

/**
 * Samples, 20 DDIM steps and all else at its default, under every scale of the reward.
 *
 * @param guidance overrides of the guidance, to try other settings than the defaults.
 */
export async function sweep(
  backend: Backend,
  forcing: DiffusionForcing,
  parameters: HostTensorRecord,
  guidance: Partial<Guidance> = {},
): Promise<Found[]> {
  const found: Found[] = [];
  for (const scale of scales) {
    const steered = scale === 0 ? {} : { guidance: { reward: rightwards, guidanceScale: scale, ...guidance } };
    const sampler = forcing.sampler({ backend, parameters, timesteps: 20, ...steered });
    const { data } = await sampler.sample({ batch: BATCH, length: LENGTH, seed: 7 });
    await sampler.dispose();
    const last = Array.from({ length: BATCH }, (_, b) => data[(b * LENGTH + LENGTH - 1) * 2] as number);
    found.push({
      scale,
      mean: mean(last),
      error: standardDeviation(last) / Math.sqrt(BATCH),
      largest: Math.max(...Array.from(data, Math.abs)),
    });
  }
  return found;
}
