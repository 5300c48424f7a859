/// <reference lib="dom" />
import type { BackendProvider } from "@diffusion-forcing/core/backend";
import { initialTrainingState, trainStream } from "@diffusion-forcing/core/training";
import type { BenchConfig } from "../configs.js";
import { benchDiffusion, normalTensor } from "../jobs.js";

/** A training run whose steps are timed. */
export interface Contender {
  /** One training step on fresh levels and noise; its loss. */
  step(): Promise<number>;
  dispose(): void | Promise<void>;
}

const tokensOf = ({ batch, tokens, features }: BenchConfig) => normalTensor(1, [batch, tokens, features]);

/** This library on a device of a backend. */
export async function libraryContender(
  provider: BackendProvider,
  device: string,
  config: BenchConfig,
): Promise<Contender> {
  const backend = await provider.open(device);
  const tokens = tokensOf(config);
  const training = trainStream(benchDiffusion(config), {
    backend,
    batches: () => ({ tokens }),
    steps: Number.MAX_SAFE_INTEGER,
    optimizer: { learningRate: 5e-4 },
    maxGradNorm: false,
    emaDecay: false,
  });
  return {
    step: async () => {
      const { value, done } = await training.next();
      if (done) throw new Error("The training ended.");
      return value.loss;
    },
    dispose: async () => {
      await training.return(undefined);
      await backend.dispose();
    },
  };
}

/** jax-js on its WebAssembly device. */
export async function jaxContender(config: BenchConfig): Promise<Contender> {
  const [{ defaultDevice, init }, { jaxTraining }] = await Promise.all([import("@jax-js/jax"), import("./jax-js.js")]);
  await init("wasm");
  defaultDevice("wasm");
  const diffusion = benchDiffusion(config);
  return jaxTraining(
    config,
    diffusion,
    initialTrainingState(diffusion, { seed: 0, keepEma: false }).parameters,
    tokensOf(config),
  );
}
