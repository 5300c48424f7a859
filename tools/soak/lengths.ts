import { readFileSync } from "node:fs";
import { setImmediate } from "node:timers/promises";
import {
  type Backend,
  cosineSchedule,
  createRandom,
  type Diffusion,
  initializeParameters,
  type TransformerOptions,
  transformer,
  variancePreserving,
} from "@diffusion-forcing/core";
import { Sampler } from "@diffusion-forcing/core/sampling";

/**
 * What the process took above what it held after a model of the same kind and next to no weights, in copies of the
 * weights: the runtime's code and kernels that a first model brings into memory are no copies of the next one's.
 */
export interface CopiesOfWeights {
  /** Bytes of the weights. */
  readonly weights: number;
  /** The weights alone, as the caller keeps them. */
  readonly held: number;
  /** The most, and after the last length. */
  readonly peak: number;
  readonly end: number;
  readonly seconds: number;
}

/** 77 MB of weights. */
export const largeTransformer = { features: 6, width: 512, layers: 6, heads: 8, feedForward: 2048 };

/** Samples each of the lengths 1..`lengths` once, with one sampler, and reads the resident set from /proc (Linux). */
export async function copiesAtLengths(
  backend: Backend,
  lengths: number,
  timesteps: number,
  size: TransformerOptions = largeTransformer,
): Promise<CopiesOfWeights> {
  const tiny = samplerOf(backend, timesteps, { ...size, width: 8 * (size.heads ?? 4), feedForward: 8 });
  for (let length = 1; length <= 3; length++) await tiny.sampler.sample({ batch: 1, length, seed: length });
  await tiny.sampler.dispose();
  const before = await residentMegabytes("VmRSS");
  const { sampler, weights } = samplerOf(backend, timesteps, size);
  const copies = async (field: Field): Promise<number> => ((await residentMegabytes(field)) - before) / (weights / 1e6);
  const held = await copies("VmRSS");
  const started = performance.now();
  for (let length = 1; length <= lengths; length++) await sampler.sample({ batch: 1, length, seed: length });
  const seconds = (performance.now() - started) / 1000;
  // The peak last, as to look at the rest allocates too.
  const end = await copies("VmRSS");
  const measured = { weights, held, end, peak: await copies("VmHWM"), seconds };
  await sampler.dispose();
  return measured;
}

function samplerOf(
  backend: Backend,
  timesteps: number,
  size: TransformerOptions,
): { readonly sampler: Sampler; readonly weights: number } {
  const model = transformer(size);
  const parameters = initializeParameters(model, createRandom(0));
  const weights = Object.values(parameters).reduce((sum, { data }) => sum + data.byteLength, 0);
  const process = variancePreserving(cosineSchedule(100), { objective: "x0" });
  const diffusion: Diffusion = { model, process, lossWeighting: { kind: "min-snr", clip: 5 } };
  return { sampler: new Sampler(diffusion, { backend, parameters, timesteps }), weights };
}

type Field = "VmRSS" | "VmHWM";

async function residentMegabytes(field: Field): Promise<number> {
  if (field === "VmRSS") {
    globalThis.gc?.();
    await setImmediate();
  }
  const found = new RegExp(`${field}:\\s+(\\d+) kB`).exec(readFileSync("/proc/self/status", "utf8"));
  if (found === null) throw new Error(`/proc/self/status has no ${field}; expected Linux.`);
  return (Number(found[1]) * 1024) / 1e6;
}
