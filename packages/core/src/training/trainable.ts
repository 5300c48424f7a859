import type { Value } from "../engine/graph/value.js";
import type { RandomStream } from "../engine/random/index.js";
import type { HostTensor } from "../engine/tensor/tensor.js";
import type { Network, Parameters } from "../models/model.js";
import type { Batch } from "./batch.js";

/** What a loss graph reads of a batch, by input name; the first axis of each is the batch, or 1 for what all share. */
export type LossTensors = Readonly<Record<string, HostTensor>> & { readonly tokens: HostTensor };

export interface TrainableLoss {
  /** total / denominator, scalar. */
  readonly loss: Value;
  /** What adds up over parts of a batch, and what the sum is divided by in the end; scalars. */
  readonly total: Value;
  readonly denominator: Value;
}

/**
 * Parameters with a loss of their own: what a training run trains. A diffusion becomes one by itself; a codec that
 * learns, such as a variational autoencoder, is one.
 */
export interface Trainable extends Network {
  /** Configuration of the noise process, where there is one: a state goes on only under the same. */
  readonly process?: unknown;
  /** @throws `invalid-data`, `shape-mismatch`, `invalid-noise-levels` for a batch that it cannot be trained on */
  checkBatch(batch: Batch): void;
  /** A checked batch with all that the loss draws at random, from `random`, which is the step's own. */
  inputs(batch: Batch, random: RandomStream): LossTensors;
  /** The loss of traced inputs, those of {@link Trainable.inputs} by name. */
  loss(parameters: Parameters, inputs: Parameters): TrainableLoss;
}
