import {
  type Backend,
  type DiffusionForcing,
  type Guidance,
  type HostTensorRecord,
  type MatrixShape,
  tensor,
} from "@diffusion-forcing/core";
import { mul, reshape, slice, type Value } from "@diffusion-forcing/core/graph";
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

/** Scale times the first coordinate of the last token; the scale is an input, so that one graph serves all. */
const rightwards: Guidance = {
  inputs: (batch) => ({ scale: { dtype: "float32", shape: [batch] } }),
  reward: (clean, { scale }) => mul(reshape(slice(slice(clean, 1, LENGTH - 1, LENGTH), 2, 0, 1), [-1]), scale as Value),
};

/** Samples, 20 DDIM steps and all else at its default, or by a matrix, under every scale of the reward. */
export async function sweep(
  backend: Backend,
  forcing: DiffusionForcing,
  parameters: HostTensorRecord,
  matrix?: MatrixShape,
): Promise<Found[]> {
  const options = { backend, parameters, timesteps: 20 };
  const plain = forcing.sampler(options);
  const guided = forcing.sampler({ ...options, guidance: rightwards });
  const request = { batch: BATCH, length: LENGTH, seed: 7, ...(matrix ? { matrix } : {}) };
  const found: Found[] = [];
  for (const scale of scales) {
    const guidanceInputs = { scale: tensor(new Float32Array(BATCH).fill(scale)) };
    const { data } = scale === 0 ? await plain.sample(request) : await guided.sample({ ...request, guidanceInputs });
    const last = Array.from({ length: BATCH }, (_, b) => data[(b * LENGTH + LENGTH - 1) * 2] as number);
    found.push({
      scale,
      mean: mean(last),
      error: standardDeviation(last) / Math.sqrt(BATCH),
      largest: Math.max(...Array.from(data, Math.abs)),
    });
  }
  await plain.dispose();
  await guided.dispose();
  return found;
}
