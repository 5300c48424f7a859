import type { Backend } from "@diffusion-forcing/core";
import type { BenchConfig } from "../bench/configs.js";
import { benchJobs, type Job } from "../bench/jobs.js";

/** What a process or a page holds. */
export interface Holdings {
  /** Bytes, after collecting garbage. */
  readonly bytes: number;
  /** GPU buffers not yet destroyed, where they can be counted. */
  readonly gpuBuffers?: number;
  /** Tensors of TensorFlow.js, where it runs. */
  readonly tensors?: number;
}

export interface Growth {
  readonly job: string;
  readonly before: Holdings;
  readonly after: Holdings;
}

export interface SoakPlan {
  readonly config: BenchConfig;
  /** Steps before the first measurement: caches fill, code is compiled. */
  readonly settled: number;
  readonly steps: number;
}

/** Trains and denoises, step after step, and measures what is held after the settling and after all steps. */
export async function soak(backend: Backend, plan: SoakPlan, measure: () => Promise<Holdings>): Promise<Growth[]> {
  const jobs = benchJobs(plan.config, backend, 1)
    .slice(0, 2)
    .map((prepare) => prepare());
  const repeat = async (job: Job, times: number): Promise<void> => {
    for (let i = 0; i < times; i++) await job.run();
  };
  const growths: Growth[] = [];
  for (const job of jobs) {
    await repeat(job, plan.settled);
    const before = await measure();
    await repeat(job, plan.steps);
    growths.push({ job: job.name, before, after: await measure() });
  }
  for (const job of jobs) await job.dispose();
  return growths;
}

/** Bytes may rise by this share: garbage collectors and allocators breathe. Counts may not rise at all. */
export const byteLimit = 0.05;

/** What grew beyond its limit; empty if nothing did. */
export function excesses({ job, before, after }: Growth): string[] {
  const found: string[] = [];
  const share = after.bytes / before.bytes - 1;
  if (share > byteLimit) found.push(`${job}: memory grew by ${(100 * share).toFixed(1)} %`);
  for (const counted of ["gpuBuffers", "tensors"] as const) {
    const [first, last] = [before[counted], after[counted]];
    if (first !== undefined && last !== undefined && last > first) {
      found.push(`${job}: ${counted} rose from ${first} to ${last}`);
    }
  }
  return found;
}
