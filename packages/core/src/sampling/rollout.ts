import { DiffusionForcingError, throwIfAborted } from "../engine/errors.js";
import { formatType } from "../engine/graph/ops/helpers.js";
import { type HostTensor, type HostTensorRecord, zeros } from "../engine/tensor/tensor.js";
import { describeTokens, holdsTokens } from "../models/model.js";
import { type MatrixShape, pyramid, schedulingMatrix } from "./matrix-shapes.js";
import type { NoiseSource } from "./noise-source.js";
import type { DenoiseProgress, Sampler } from "./sampler.js";
import { joinTokens, lastTokens, sliceTokens } from "./tokens.js";

export interface RolloutOptions {
  /** Known tokens to go on from, at most `window`, float32 [B, T, ...tokenShape]; without it all starts as noise. */
  readonly context?: HostTensor;
  /** How many sequences to generate where there is no context. Default 1. */
  readonly batch?: number;
  /** How many tokens to generate; may be Infinity. */
  readonly length: number;
  /** The most tokens the model sees at once, context and new ones together: the length it was trained on. */
  readonly window: number;
  /** Tokens generated together, at most `window`. Default 1. */
  readonly chunk?: number;
  /** Order of denoising within a chunk. Default a pyramid of uncertainty 1. */
  readonly matrix?: MatrixShape;
  /**
   * For a conditioned model: the whole sequence's condition, float32 [B, context + length, D], or what gives that of
   * `count` tokens [B, count, D] from token `first`, counted from the first of the context.
   */
  readonly condition?: HostTensor | ((first: number, count: number) => HostTensor);
  /** For a guided sampler: the guidance's inputs while tokens first..first + count, 0 being the context's first, are in the window. */
  readonly guidanceInputs?: (first: number, count: number) => HostTensorRecord;
  /** Draws all noise; what a chunk draws depends on its place only. */
  readonly random: NoiseSource;
  /** A state to go on from, in place of the context; the other options as in the rollout it comes from. */
  readonly resume?: RolloutState;
  /** Told of every step, with the window's tokens to read. */
  readonly onStep?: (progress: DenoiseProgress) => void | Promise<void>;
  readonly signal?: AbortSignal;
}

/** All that a rollout needs to go on after a chunk: plain data, fit for `structuredClone` or a file. */
export interface RolloutState {
  /** Tokens generated so far. */
  readonly done: number;
  /** Tokens before the next one, those of the context included. */
  readonly position: number;
  /** The last tokens, at most `window`, float32 [B, T, ...tokenShape]; absent before the first. */
  readonly tokens?: HostTensor;
}

export interface RolloutChunk {
  /** The new tokens, float32 [B, chunk, ...tokenShape]. */
  readonly tokens: HostTensor;
  readonly state: RolloutState;
  /** Model evaluations the chunk took, of each sequence. */
  readonly evaluations: number;
}

/**
 * Generates a sequence chunk by chunk (Chen et al. 2024, section 3.4): each chunk starts as noise after the tokens so
 * far and is denoised with those as clean context. Only the last `window` tokens are seen, their positions counted
 * from the first of these, so memory stays constant and a rollout may go on for ever.
 *
 * @yields each new chunk, as soon as it is clean.
 * @throws `invalid-argument`, `shape-mismatch`, `aborted`
 */
export async function* rolloutChunks(sampler: Sampler, options: RolloutOptions): AsyncGenerator<RolloutChunk> {
  checkOptions(sampler, options);
  const { context, length, window, chunk = 1, matrix = pyramid(), random, guidanceInputs, onStep, signal } = options;
  const { tokenShape } = sampler.process.model;
  let state: RolloutState = options.resume ?? {
    done: 0,
    position: context?.shape[1] ?? 0,
    ...(context === undefined ? {} : { tokens: context }),
  };
  const batch = state.tokens?.shape[0] ?? options.batch ?? 1;
  while (state.done < length) {
    throwIfAborted(signal);
    const size = Math.min(chunk, length - state.done);
    const past = state.tokens && lastTokens(state.tokens, window - size);
    const pastLength = past?.shape[1] ?? 0;
    const [first, count] = [state.position - pastLength, pastLength + size];
    const stream = random.split(state.done);
    const noise = zeros("float32", [batch, size, ...tokenShape]);
    stream.split("start").fillNormal(noise.data, { clip: sampler.process.clipNoise });
    const rows = schedulingMatrix(matrix, sampler.steps, size).rows.map((row) => {
      const whole = new Int32Array(count);
      whole.set(row, pastLength);
      return whole;
    });
    const condition = conditionOf(options, first, count);
    let denoised: HostTensor | undefined;
    let evaluations = 0;
    for await (const progress of sampler.denoise({
      tokens: past === undefined ? noise : joinTokens(past, noise),
      rows,
      random: stream.split("steps"),
      ...(condition === undefined ? {} : { condition }),
      ...(guidanceInputs === undefined ? {} : { guidanceInputs: guidanceInputs(first, count) }),
      ...(signal === undefined ? {} : { signal }),
    })) {
      await onStep?.(progress);
      evaluations = progress.evaluations;
      if (progress.step === progress.steps) denoised = await progress.read();
    }
    const tokens = lastTokens(denoised as HostTensor, size) as HostTensor;
    const known = state.tokens === undefined ? tokens : joinTokens(state.tokens, tokens);
    state = {
      done: state.done + size,
      position: state.position + size,
      tokens: lastTokens(known, window) as HostTensor,
    };
    yield { tokens, state, evaluations };
  }
}

/** The chunks of {@link rolloutChunks}, tokens only. */
export async function* rollout(sampler: Sampler, options: RolloutOptions): AsyncGenerator<HostTensor> {
  for await (const { tokens } of rolloutChunks(sampler, options)) yield tokens;
}

function conditionOf({ condition }: RolloutOptions, first: number, count: number): HostTensor | undefined {
  return typeof condition === "function" ? condition(first, count) : condition && sliceTokens(condition, first, count);
}

function checkOptions(sampler: Sampler, options: RolloutOptions): void {
  const { context, length, window, chunk = 1, batch = 1, condition, resume } = options;
  const { model } = sampler.process;
  const refuse = (code: "invalid-argument" | "shape-mismatch", message: string): never => {
    throw new DiffusionForcingError(code, `rollout: ${message}.`);
  };
  if (resume !== undefined && context !== undefined) refuse("invalid-argument", "both context and resume; give one");
  for (const [name, tokens] of Object.entries({ context, "resumed state": resume?.tokens })) {
    if (tokens !== undefined && !holdsTokens(model, tokens)) {
      refuse("shape-mismatch", `the ${name} is ${formatType(tokens)}; expected ${describeTokens(model)}`);
    }
  }
  if (!(Number.isInteger(window) && Number.isInteger(chunk) && chunk >= 1 && chunk <= window)) {
    refuse("invalid-argument", `chunk ${chunk}, window ${window}; expected whole numbers with 1 <= chunk <= window`);
  }
  const known = (context ?? resume?.tokens)?.shape[1] ?? 0;
  if (known > window) {
    refuse(
      "invalid-argument",
      `a context of ${known} tokens with a window of ${window}; give its last ${window} tokens, or a longer window`,
    );
  }
  if (!(length >= 0)) refuse("invalid-argument", `length is ${length}; expected a number from 0`);
  if (!Number.isInteger(batch) || batch < 1) refuse("invalid-argument", `batch is ${batch}; expected at least 1`);
  const conditioned = model.conditionFeatures > 0;
  if (conditioned !== (condition !== undefined)) {
    refuse("invalid-argument", conditioned ? "the model takes a condition" : "the model takes no condition");
  }
  if (condition === undefined || typeof condition === "function") return;
  const before = resume === undefined ? known : resume.position - resume.done;
  const expected = [(context ?? resume?.tokens)?.shape[0] ?? batch, before + length, model.conditionFeatures];
  const { shape } = condition;
  const fits = shape.length === 3 && shape.every((size, i) => (i === 1 ? size >= expected[1]! : size === expected[i]));
  if (!fits || condition.dtype !== "float32") {
    refuse(
      "shape-mismatch",
      `the condition is ${formatType(condition)}; expected float32[${expected.join(", ")}]: every token of context and rollout`,
    );
  }
}
