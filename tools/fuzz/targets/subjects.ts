/** What is read with, or handed over, by several targets; and how work is begun and left. */
import {
  type Backend,
  cosineSchedule,
  createRandom,
  type DiffusionForcing,
  DiffusionForcingError,
  diffusionForcing,
  dit3d,
  type HostTensor,
  type HostTensorRecord,
  initializeParameters,
  type Model,
  recurrent,
  tensor,
  transformer,
  unet3d,
} from "@diffusion-forcing/core";

/** Readers are called with what their types forbid. */
// biome-ignore lint/suspicious/noExplicitAny: that is what is tried here
export type Anything = any;

export const model: Model = transformer({
  features: 2,
  width: 8,
  layers: 1,
  heads: 1,
  feedForward: 4,
  positions: "sinusoidal",
});
export const parameters: HostTensorRecord = initializeParameters(model, createRandom(0));
export const forcing: DiffusionForcing = diffusionForcing({ model, schedule: cosineSchedule(20) });
export const models: readonly Model[] = [
  model,
  transformer({ features: 3, conditionFeatures: 2, width: 8, layers: 2, heads: 2, causal: false }),
  recurrent({ features: 2, width: 4, stateSize: 4 }),
  dit3d({ tokenShape: [1, 4, 4], patchSize: 2, width: 8, layers: 1, heads: 1 }),
  unet3d({ tokenShape: [1, 8, 8], width: 8 }),
];
/** Weights of a network, all of them 0. */
export function zerosOf({ parameters: specs }: Pick<Model, "parameters">): HostTensorRecord {
  const zero = (shape: readonly number[]): HostTensor =>
    tensor(new Float32Array(shape.reduce((product, size) => product * size, 1)), shape);
  return Object.fromEntries(Object.entries(specs).map(([name, { shape }]) => [name, zero(shape)]));
}

/** Ends work where its options have been read and its graph is built: nothing is computed. */
export const unavailable: Backend = {
  specVersion: 1,
  name: "unavailable",
  device: "cpu",
  capabilities: { deviceTensors: false },
  compile: async () => {
    throw new DiffusionForcingError("backend-unavailable", "Nothing is computed here.");
  },
  dispose: async () => undefined,
};
export const tokens: HostTensor = tensor(
  Float32Array.from({ length: 12 }, (_, i) => Math.sin(i)),
  [2, 3, 2],
);

/** Ends what was started: a promise, or the first value of a stream. */
export async function first(work: Anything): Promise<void> {
  const stream = work?.[Symbol.asyncIterator]?.() as AsyncIterator<unknown> | undefined;
  if (stream === undefined) await work;
  else await stream.next();
}

export async function sampling(options: Anything, use: (sampler: Anything) => unknown): Promise<void> {
  const sampler = forcing.sampler({ backend: unavailable, parameters, timesteps: 4, ...options });
  await first(use(sampler));
}

/** Calls a function with a list of arguments that may be no list any more. */
export function spread(f: Anything, values: unknown): unknown {
  return Array.isArray(values) ? f(...values) : f(values);
}

/** Targets whose values may be what no JSON has. */
export const foreign = { foreign: true };
