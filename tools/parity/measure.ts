/** What is measured on each device, in Node and in a page alike: imports nothing of either. */
import { type Backend, createRandom, type HostTensorRecord, initializeParameters } from "@diffusion-forcing/core";
import { compareOps, type TestedOp } from "@diffusion-forcing/core/testing";
import { forcing, sampleOnce, trainAndSample } from "../../examples/every-backend/program.js";

/** Plain data, to be sent between processes and kept as JSON. */
export interface Measured {
  /** Of the runtime. */
  readonly version: string | null;
  /** Largest relative difference from the reference by op; null stands for infinity, an op that failed. */
  readonly ops: Readonly<Record<TestedOp, number | null>>;
  /** All parameters after one training step. */
  readonly afterStep: readonly number[];
  /** A sequence after 50 sampling steps with untrained parameters. */
  readonly afterSampling: readonly number[];
  /** Losses of 200 training steps of `examples/every-backend`. */
  readonly losses: readonly number[];
  /** What the trained model then generates from one seed. */
  readonly sample: readonly number[];
  /** Bits of the first eight noise values of seed 0, hexadecimal. */
  readonly noise: string;
}

const steps = 200;

export async function measure(backend: Backend, onProgress: (text: string) => void = () => {}): Promise<Measured> {
  onProgress("ops");
  const ops = await compareOps(backend);
  onProgress("one training step");
  const { state } = await trainAndSample(backend, 1);
  onProgress("50 sampling steps");
  const untrained = await sampleOnce(backend, initializeParameters(forcing.model, createRandom(0)));
  const { losses, sample } = await trainAndSample(backend, steps, (step) => {
    if (step % 50 === 0) onProgress(`training step ${step} of ${steps}`);
  });
  return {
    version: backend.version ?? null,
    ops: Object.fromEntries(
      Object.entries(ops).map(([op, difference]) => [op, Number.isFinite(difference) ? difference : null]),
    ) as Measured["ops"],
    afterStep: flatten(state.parameters),
    afterSampling: Array.from(untrained.data),
    losses,
    sample: Array.from(sample.data),
    noise: firstNoise(),
  };
}

/**
 * The keys' biases are left out: softmax takes no notice of them, so their true slope is zero and the optimiser
 * normalises what rounding leaves in its place to a full step.
 */
function flatten(parameters: HostTensorRecord): number[] {
  return Object.entries(parameters)
    .filter(([name]) => !name.endsWith("attention.key.bias"))
    .flatMap(([, { data }]) => Array.from(data));
}

function firstNoise(): string {
  const noise = new Float32Array(8);
  createRandom(0).fillNormal(noise);
  const bits = new Uint32Array(noise.buffer);
  return Array.from(bits, (value) => value.toString(16).padStart(8, "0")).join(" ");
}
