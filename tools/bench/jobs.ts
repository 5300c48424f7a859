import {
  type Backend,
  cosineSchedule,
  createRandom,
  type Diffusion,
  type Guidance,
  type HostTensor,
  initializeParameters,
  tensor,
  transformer,
  variancePreserving,
} from "@diffusion-forcing/core";
import { mean, mul, reshape, square, sub, type Value } from "@diffusion-forcing/core/graph";
import { Sampler } from "@diffusion-forcing/core/sampling";
import { trainStream } from "@diffusion-forcing/core/training";
import type { BenchConfig } from "./configs.js";

/** A job prepared to be timed: `run` does it once. */
export interface Job {
  readonly name: string;
  readonly repeats: number;
  run(): Promise<void>;
  dispose(): Promise<void>;
}

const levels = 1000;
/** Sampling starts its clean tokens at this level, as the peers do. */
const stabilizationLevel = 15;

/** What every benchmark of a configuration trains and samples: sinusoidal positions, as the peers', but for a memory. */
export function benchDiffusion(config: BenchConfig, positions: "rotary" | "sinusoidal" = "sinusoidal"): Diffusion {
  const { width, layers, heads, feedForward, features } = config;
  return {
    model: transformer({ features, width, layers, heads, feedForward, positions }),
    process: variancePreserving(cosineSchedule(levels), { objective: "x0" }),
    lossWeighting: { kind: "min-snr", clip: 5 },
  };
}

/** Standard normals. */
export function normalTensor(seed: number, shape: readonly number[]): HostTensor {
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
  createRandom(seed).fillNormal(data);
  return tensor(data, shape);
}

/** Forward, backward and AdamW, with fresh levels and noise every time; no clipping, no moving average. */
export function trainingJob(
  name: string,
  diffusion: Diffusion,
  tokens: HostTensor,
  backend: Backend,
  repeats: number,
): Job {
  const steps = trainStream(diffusion, {
    backend,
    batches: () => ({ tokens }),
    steps: Number.MAX_SAFE_INTEGER,
    optimizer: { learningRate: 5e-4 },
    maxGradNorm: false,
    emaDecay: false,
  });
  return {
    name,
    repeats,
    run: async () => {
      await steps.next();
    },
    dispose: async () => {
      await steps.return(undefined);
    },
  };
}

/** Reaching for a goal: -100 times the mean squared distance of every token to it. */
const reachForGoal: Guidance = {
  samples: 1,
  inputs: (batch, _length) => ({ goal: { dtype: "float32", shape: [batch, 1] } }),
  reward: (x0, { goal }) =>
    mul(mean(square(sub(x0, reshape(goal as Value, [x0.shape[0] as number, 1, 1]))), [1, 2]), -100),
};

interface SamplingJob {
  readonly name: string;
  readonly repeats: number;
  readonly steps: number;
  readonly batch: number;
  readonly rows: readonly number[][];
  readonly guidance?: Guidance;
}

function samplingJob(config: BenchConfig, backend: Backend, job: SamplingJob): Job {
  const diffusion = benchDiffusion(config);
  const sampler = new Sampler(diffusion, {
    backend,
    parameters: initializeParameters(diffusion.model, createRandom(0)),
    timesteps: job.steps,
    stabilizationLevel,
    ...(job.guidance ? { guidance: job.guidance } : {}),
  });
  const goal = tensor(new Float32Array(job.batch), [job.batch, 1]);
  let ready: Promise<void> | undefined;
  return {
    name: job.name,
    repeats: job.repeats,
    run: async () => {
      // One shape again and again: as the guide says, it is made ready.
      ready ??= sampler.warmup(job.batch, config.tokens);
      await ready;
      await sampler.denoise({
        tokens: normalTensor(2, [job.batch, config.tokens, config.features]),
        rows: job.rows,
        seed: 3,
        ...(job.guidance ? { guidanceInputs: { goal } } : {}),
      });
    },
    dispose: () => sampler.dispose(),
  };
}

/** One more token of an endless rollout after a full window, from a cache where the model has one. */
export function streamingJob(name: string, diffusion: Diffusion, window: number, backend: Backend): Job {
  const { model } = diffusion;
  const parameters = initializeParameters(model, createRandom(0));
  const sampler = new Sampler(diffusion, { backend, parameters, timesteps: 10, stabilizationLevel });
  const context = normalTensor(2, [1, window, ...model.tokenShape]);
  const chunks = sampler.rollout({ context, length: Number.POSITIVE_INFINITY, window, seed: 3 });
  return {
    name,
    repeats: 30,
    run: async () => {
      await chunks.next();
    },
    dispose: async () => {
      await chunks.return(undefined);
      await sampler.dispose();
    },
  };
}

/** From weights in memory to a first generated token: graphs are made and compiled, a context is read, ten steps taken. */
function firstResultJob(diffusion: Diffusion, window: number, backend: Backend): Job {
  let steady: Job | undefined;
  const dispose = async (): Promise<void> => steady?.dispose();
  return {
    name: "first_result",
    repeats: 9,
    run: async () => {
      await dispose();
      steady = streamingJob("first_result", diffusion, window, backend);
      await steady.run();
    },
    dispose,
  };
}

/** The jobs of a configuration, in the order they are reported. */
export function benchJobs(config: BenchConfig, backend: Backend, repeats: number): readonly (() => Job)[] {
  const all = (index: number): number[] => new Array<number>(config.tokens).fill(index);
  const lastOnly = (index: number): number[] => [...new Array<number>(config.tokens - 1).fill(0), index];
  const falling = (from: number): number[] => Array.from({ length: from + 1 }, (_, i) => from - i);
  const oneStep = { steps: 50, batch: config.batch, rows: [all(30), all(29)], repeats };
  const jobs: SamplingJob[] = [
    { name: "denoise_step", ...oneStep },
    { name: "guided_step", ...oneStep, guidance: reachForGoal },
    { name: "sample", repeats: 5, steps: 50, batch: 1, rows: falling(50).map(all) },
    { name: "rollout_token", repeats: 9, steps: 10, batch: 1, rows: falling(10).map(lastOnly) },
  ];
  const tokens = normalTensor(1, [config.batch, config.tokens, config.features]);
  const training = (): Job => trainingJob("train_step", benchDiffusion(config), tokens, backend, repeats);
  const remembering = benchDiffusion(config, "rotary");
  return [
    training,
    ...jobs.map((job) => () => samplingJob(config, backend, job)),
    () => streamingJob("rollout_token_cached", remembering, config.tokens, backend),
    () => firstResultJob(remembering, config.tokens, backend),
  ];
}
