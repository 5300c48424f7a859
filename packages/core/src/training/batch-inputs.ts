import type { Diffusion } from "../diffusion/diffusion.js";
import type { RandomStream } from "../engine/random/index.js";
import { sizeOf } from "../engine/tensor/shape.js";
import { type HostTensor, zeros } from "../engine/tensor/tensor.js";
import { independentNoiseLevels } from "../process/noise-levels.js";
import type { Batch } from "./batch.js";

/** What a loss graph reads of a batch, by input name. */
export type LossTensors = Readonly<Record<string, HostTensor>> & { readonly tokens: HostTensor };

/** Completes batches by levels and noise. The noise of each shape is drawn into one buffer, over and over. */
export class BatchInputs {
  readonly #diffusion: Diffusion;
  readonly #noise = new Map<string, HostTensor<"float32">>();

  constructor(diffusion: Diffusion) {
    this.#diffusion = diffusion;
  }

  /** @param random of the step; its levels and its noise depend on nothing else. */
  next(batch: Batch, random: RandomStream): LossTensors {
    const { tokens, lossMask, condition } = batch;
    const [batchSize, length] = tokens.shape as [number, number, number];
    const key = tokens.shape.join();
    const noise = this.#noise.get(key) ?? zeros("float32", tokens.shape);
    this.#noise.set(key, noise);
    random.split("noise").fillNormal(noise.data, { clip: this.#diffusion.process.noiseClip });
    const sizes = { batch: batchSize, tokens: length, levels: this.#diffusion.process.levels };
    return {
      tokens,
      noise,
      noiseLevels: batch.noiseLevels ?? independentNoiseLevels(random.split("levels"), sizes),
      ...(lossMask ? { lossMask } : {}),
      ...(condition ? { condition } : {}),
    };
  }
}

/**
 * The batch in `count` parts of equal size, as views: sequences 0.. of the first, and so on. A loss mask that is the same
 * for all sequences goes with every part.
 */
export function partsOf(inputs: LossTensors, count: number): LossTensors[] {
  if (count === 1) return [inputs];
  const { shape } = inputs.tokens;
  const size = (shape[0] as number) / count;
  const part = (name: string, tensor: HostTensor, index: number): HostTensor => {
    const isShared = name === "lossMask" && (tensor.shape.length < shape.length || tensor.shape[0] !== shape[0]);
    if (isShared) return tensor;
    const rest = tensor.shape.slice(1);
    const [start, end] = [index * size * sizeOf(rest), (index + 1) * size * sizeOf(rest)];
    return { ...tensor, shape: [size, ...rest], data: tensor.data.subarray(start, end) } as HostTensor;
  };
  return Array.from({ length: count }, (_, index) => {
    const parts = Object.entries(inputs).map(([name, tensor]) => [name, part(name, tensor, index)]);
    return Object.fromEntries(parts) as LossTensors;
  });
}
