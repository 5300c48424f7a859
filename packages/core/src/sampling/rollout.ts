import { DiffusionForcingError, throwIfAborted } from "../errors.js";
import { formatType } from "../graph/ops/helpers.js";
import { describeTokens, holdsTokens } from "../models/model.js";
import type { RandomStream } from "../random/index.js";
import { sizeOf } from "../tensor/shape.js";
import { type HostTensor, tensor, zeros } from "../tensor/tensor.js";
import { type MatrixShape, pyramid, schedulingMatrix } from "./matrix-shapes.js";
import type { Sampler } from "./sampler.js";

export interface RolloutOptions {
  /** Known tokens to go on from, float32 [B, T, ...tokenShape]; without it a batch of one starts from nothing. */
  readonly context?: HostTensor;
  /** How many tokens to generate; may be Infinity. */
  readonly length: number;
  /** The most tokens the model sees at once, context and new ones together: the length it was trained on. */
  readonly window: number;
  /** Tokens generated together, at most `window`. Default 1. */
  readonly chunk?: number;
  /** Order of denoising within a chunk. Default a pyramid of uncertainty 1. */
  readonly matrix?: MatrixShape;
  readonly random: RandomStream;
  readonly signal?: AbortSignal;
}

/**
 * Generates a sequence chunk by chunk (Chen et al. 2024, section 3.4): each chunk starts as noise after the tokens so
 * far and is denoised with those as clean context. Only the last `window` tokens are seen, so memory stays constant
 * and a rollout may go on for ever.
 *
 * @returns each new chunk, float32 [B, chunk, ...tokenShape], as soon as it is clean.
 * @throws `invalid-argument`, `shape-mismatch`, `aborted`
 */
export async function* rollout(sampler: Sampler, options: RolloutOptions): AsyncGenerator<HostTensor> {
  const { length, window, chunk = 1, matrix = pyramid(), random, signal } = options;
  const { model } = sampler.process;
  const { context } = options;
  if (context !== undefined && !holdsTokens(model, context)) {
    throw new DiffusionForcingError(
      "shape-mismatch",
      `rollout: the context is ${formatType(context)}; expected ${describeTokens(model)}.`,
    );
  }
  if (!(Number.isInteger(window) && Number.isInteger(chunk) && chunk >= 1 && chunk <= window)) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `rollout: chunk ${chunk}, window ${window}; expected whole numbers with 1 <= chunk <= window.`,
    );
  }
  if (!(length >= 0)) throw new DiffusionForcingError("invalid-argument", `rollout: length is ${length}.`);
  const batch = context?.shape[0] ?? 1;
  let known: HostTensor | undefined = context;
  for (let done = 0; done < length; ) {
    throwIfAborted(signal);
    const size = Math.min(chunk, length - done);
    const past = known === undefined ? undefined : lastTokens(known, window - size);
    const pastLength = past?.shape[1] ?? 0;
    const stream = random.split(done);
    const noise = zeros("float32", [batch, size, ...model.tokenShape]);
    stream.split("start").fillNormal(noise.data, { clip: sampler.process.clipNoise });
    const rows = schedulingMatrix(matrix, sampler.steps, size).rows.map((row) => {
      const whole = new Int32Array(pastLength + size);
      whole.set(row, pastLength);
      return whole;
    });
    const denoised = await sampler.denoiseToEnd({
      tokens: past === undefined ? noise : joinTokens(past, noise),
      rows,
      random: stream.split("steps"),
      ...(signal ? { signal } : {}),
    });
    const fresh = lastTokens(denoised, size) as HostTensor;
    known = past === undefined ? fresh : joinTokens(past, fresh);
    done += size;
    yield fresh;
  }
}

/** The last `count` tokens of [B, T, ...], fewer if there are no more; undefined for none. */
function lastTokens(sequence: HostTensor, count: number): HostTensor | undefined {
  const [batch, length, ...token] = sequence.shape as [number, number, ...number[]];
  const features = sizeOf(token);
  const kept = Math.min(count, length);
  if (kept === 0) return undefined;
  const data = new Float32Array(batch * kept * features);
  for (let b = 0; b < batch; b++) {
    const end = (b + 1) * length * features;
    data.set((sequence.data as Float32Array).subarray(end - kept * features, end), b * kept * features);
  }
  return tensor(data, [batch, kept, ...token]);
}

/** Two sequences one after the other. */
function joinTokens(a: HostTensor, b: HostTensor): HostTensor {
  const [batch, first, ...token] = a.shape as [number, number, ...number[]];
  const features = sizeOf(token);
  const second = b.shape[1] as number;
  const data = new Float32Array(batch * (first + second) * features);
  for (let i = 0; i < batch; i++) {
    const at = i * (first + second) * features;
    data.set((a.data as Float32Array).subarray(i * first * features, (i + 1) * first * features), at);
    data.set(
      (b.data as Float32Array).subarray(i * second * features, (i + 1) * second * features),
      at + first * features,
    );
  }
  return tensor(data, [batch, first + second, ...token]);
}
