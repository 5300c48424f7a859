import { cosineSchedule, diffusionForcing, tensor, transformer } from "@diffusion-forcing/core";
import type { BackendProvider } from "@diffusion-forcing/core/backend";

/** What three training steps and one sampled sequence came to. */
export interface Exercise {
  readonly losses: readonly number[];
  readonly sample: readonly number[];
  /** Whether the page or worker may use threads. */
  readonly isolated: boolean;
}

/** Trains a small model for three steps and samples from it: what any app does, in short. */
export async function exercise(provider: BackendProvider, device: string): Promise<Exercise> {
  const backend = await provider.open(device);
  const forcing = diffusionForcing({
    model: transformer({ features: 4, width: 16, layers: 1, heads: 2 }),
    schedule: cosineSchedule(100),
  });
  const tokens = tensor(
    Float32Array.from({ length: 4 * 8 * 4 }, (_, i) => Math.sin(i)),
    [4, 8, 4],
  );
  const batches = () => ({ tokens });
  const { losses, parameters } = await forcing.train({
    backend,
    batches,
    steps: 3,
    optimizer: { learningRate: 1e-3 },
  });
  const sampler = forcing.sampler({ backend, parameters, timesteps: 5 });
  const sample: number[] = [];
  const context = tensor(new Float32Array(16), [1, 4, 4]);
  for await (const { tokens: token } of sampler.rollout({ context, length: 8, window: 8, seed: 0 })) {
    sample.push(...token.data);
  }
  await sampler.dispose();
  await backend.dispose();
  return { losses, sample, isolated: globalThis.crossOriginIsolated === true };
}
