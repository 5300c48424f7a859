import {
  type Backend,
  cosineSchedule,
  type DiffusionForcing,
  diffusionForcing,
  type HostTensor,
  type RandomStream,
  type TrainingState,
  tensor,
  transformer,
} from "@diffusion-forcing/core";

const sequences = 8;
const tokens = 16;

/** A transformer of 17 thousand parameters. */
export const forcing: DiffusionForcing = diffusionForcing({
  model: transformer({ features: 1, width: 32, layers: 2, heads: 4, feedForward: 64 }),
  schedule: cosineSchedule(1000),
});

/** The data: sine waves of random phase and frequency, and a little noise. [8, 16, 1] */
export function noisyWaves(random: RandomStream): HostTensor<"float32"> {
  const data = new Float32Array(sequences * tokens);
  random.split("noise").fillNormal(data);
  for (let b = 0; b < sequences; b++) {
    const phase = 2 * Math.PI * random.uniform();
    const step = 0.3 + 0.3 * random.uniform();
    for (let t = 0; t < tokens; t++) {
      const at = b * tokens + t;
      data[at] = Math.sin(phase + step * t) + 0.05 * (data[at] as number);
    }
  }
  return tensor(data, [sequences, tokens, 1]);
}

export interface Outcome {
  /** Loss of each step. */
  readonly losses: readonly number[];
  /** The state after the last step. */
  readonly state: TrainingState;
  /** One generated sequence, [1, 16, 1]. */
  readonly sample: HostTensor;
}

/** Trains on any backend and samples from the result. Nothing in here knows which backend it is. */
export async function trainAndSample(
  backend: Backend,
  steps = 200,
  onStep: (step: number, loss: number) => void = () => {},
): Promise<Outcome> {
  const { losses, state, parameters } = await forcing.train({
    backend,
    batches: (_step, random) => ({ tokens: noisyWaves(random) }),
    steps,
    seed: 1,
    optimizer: { learningRate: 3e-4 },
    log: ({ step, loss }) => onStep(step, loss),
  });
  return { losses, state, sample: await sampleOnce(backend, parameters) };
}

/** One sequence in 50 steps, all its tokens denoised together. */
export async function sampleOnce(backend: Backend, parameters: TrainingState["parameters"]): Promise<HostTensor> {
  const sampler = forcing.sampler({ backend, parameters, timesteps: 50 });
  try {
    return await sampler.sample({ length: tokens, seed: 1 });
  } finally {
    await sampler.dispose();
  }
}
