import * as v from "valibot";
import type { Diffusion } from "../diffusion/diffusion.js";
import { check, schemas } from "../engine/check.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { formatType } from "../engine/graph/ops/helpers.js";
import { checkHostTensor, type HostTensor, type HostTensorRecord } from "../engine/tensor/tensor.js";
import { isCacheable } from "./memory-network.js";
import type { SampleSeed } from "./noise-source.js";
import type { MatrixSource } from "./plan/matrix-shapes.js";
import { checkTokens, matrixSchema, seedSchema, tensorSchema } from "./request.js";
import { checkSequenceSize } from "./sequence-size.js";
import type { Starting } from "./start.js";
import type { Walker } from "./walker.js";

export interface RolloutOptions {
  /** Known tokens to go on from, float32 [B, T, ...tokenShape]; without it all starts as noise. */
  readonly context?: HostTensor;
  /** How many sequences to generate where there is no context. Default 1. */
  readonly batch?: number;
  /** How many tokens to generate; may be Infinity. */
  readonly length: number;
  /**
   * The most tokens the model sees at once, remembered and new ones together: the length it was trained on. A model with
   * a state of fixed size, such as `recurrent`, needs none.
   */
  readonly window?: number;
  /** Tokens generated together, at most `window`. Default 1. */
  readonly chunk?: number;
  /** Order of denoising within a chunk. Default a pyramid of uncertainty 1. */
  readonly matrix?: MatrixSource;
  /**
   * How the past is known: "cache" (the default where the model has a memory) reads every token once and keeps what the
   * model remembers of it; "recompute" lets the model read its window again in every step. Equal as long as all tokens
   * fit the window. Past it a cache knows more: what it keeps of a token has itself seen tokens that are gone.
   */
  readonly memory?: "cache" | "recompute";
  /**
   * For a conditioned model: the whole sequence's condition, float32 [B, context + length, D], or what gives that of
   * `count` tokens [B, count, D] from token `first`, counted from the first of the context.
   */
  readonly condition?: HostTensor | ((first: number, count: number) => HostTensor);
  /**
   * For a guided sampler: the guidance's inputs while the model sees tokens first..first + count, 0 being the context's
   * first; with a cache, those of the chunk only.
   */
  readonly guidanceInputs?: (first: number, count: number) => HostTensorRecord;
  /** What a chunk draws depends on its place only. */
  readonly seed: SampleSeed;
  /** A state to go on from, in place of the context; the other options as in the rollout it comes from. */
  readonly resume?: RolloutState;
  readonly signal?: AbortSignal;
}

/** All that a rollout needs to go on after a chunk, the same bits: plain data, fit for `structuredClone`. */
export interface RolloutState {
  /** Tokens generated so far. */
  readonly done: number;
  /** Tokens before the next one, those of the context included. */
  readonly position: number;
  /** Recomputing: the last tokens, at most `window`, float32 [B, T, ...tokenShape]; absent before the first. */
  readonly tokens?: HostTensor;
  /** Caching: what the model remembers, by name. */
  readonly memory?: HostTensorRecord;
}

export interface RolloutChunk {
  /** The new tokens, float32 [B, chunk, ...tokenShape]. */
  readonly tokens: HostTensor;
  /** The place of the first of them in the whole sequence, the context's first being 0. */
  readonly position: number;
  /** Model evaluations the chunk took, of each sequence. */
  readonly evaluations: number;
  /** Runs of the model in sequence that it took. */
  readonly calls: number;
  /** The state after the chunk; valid until the next chunk is asked for. */
  snapshot(): Promise<RolloutState>;
}

const schema = v.strictObject({
  context: v.optional(tensorSchema),
  batch: v.optional(schemas.integer(1)),
  length: v.custom<number>(
    (value) => value === Number.POSITIVE_INFINITY || (Number.isSafeInteger(value) && (value as number) >= 0),
    "a whole number from 0, or Infinity",
  ),
  window: v.optional(schemas.integer(1)),
  chunk: v.optional(schemas.integer(1), 1),
  matrix: v.optional(matrixSchema),
  memory: v.optional(schemas.choice("cache", "recompute")),
  condition: v.optional(
    v.custom<NonNullable<RolloutOptions["condition"]>>(
      (value) => typeof value === "function" || v.is(tensorSchema, value),
      "a tensor, or a function that gives one",
    ),
  ),
  guidanceInputs: v.optional(schemas.function<NonNullable<RolloutOptions["guidanceInputs"]>>()),
  seed: seedSchema,
  resume: v.optional(
    v.strictObject({
      done: schemas.integer(0),
      position: schemas.integer(0),
      tokens: v.optional(tensorSchema),
      memory: v.optional(schemas.having<HostTensorRecord>("tensors by name")),
    }),
  ),
  signal: v.optional(schemas.having<AbortSignal>("an AbortSignal", "aborted")),
});

/** Options that were checked, with what follows from them. */
export type CheckedRollout = RolloutOptions & {
  readonly chunk: number;
  readonly batch: number;
  readonly memory: "cache" | "recompute";
};

/** What rollouts use of a sampler. */
export interface RolloutSampler extends Starting {
  readonly diffusion: Diffusion;
  readonly timesteps: number;
  readonly evaluationsPerStep: number;
  readonly walker: Walker;
}

/** @throws `invalid-argument`, `shape-mismatch`, `invalid-data` for options that cannot be followed. */
export function checkedRollout(sampler: RolloutSampler, options: RolloutOptions): CheckedRollout {
  const given = check("rollout", schema, options) as RolloutOptions & { readonly chunk: number };
  const memory = memoryMode(sampler, given);
  if (typeof sampler.walker.speculation?.draft === "object" && memory === "cache") {
    throw new DiffusionForcingError(
      "invalid-argument",
      'rollout: a draft model keeps no memory of its own. Roll out with memory: "recompute", or draft with "recent" or "frozen".',
    );
  }
  const { model } = sampler.diffusion;
  if (given.context !== undefined) checkTokens("rollout", "context", model, given.context);
  if (given.resume?.tokens !== undefined) checkTokens("rollout", "resumed state", model, given.resume.tokens);
  const complete = { ...given, batch: batchOf(given), memory };
  checkPast(sampler, complete);
  return complete;
}

function memoryMode(
  { diffusion, walker }: RolloutSampler,
  { memory, window, chunk }: RolloutOptions & { chunk: number },
) {
  if (memory !== undefined) return memory;
  const canCache = diffusion.model.memory !== undefined && isCacheable(walker.options.scores);
  return canCache && (window === undefined || window > chunk) ? "cache" : "recompute";
}

function batchOf({ context, resume, batch }: RolloutOptions): number {
  const known = context ?? resume?.tokens;
  const found = known?.shape[0] ?? batch ?? 1;
  if (batch !== undefined && batch !== found) {
    throw new DiffusionForcingError(
      "shape-mismatch",
      `rollout: the context holds ${found} sequences and batch is ${batch}; expected the same, or no batch.`,
    );
  }
  return found;
}

/** That a state is one of a rollout which keeps its past this way, and keeps all of it. @throws `invalid-argument` */
function checkState(
  { done, position, tokens, memory }: RolloutState,
  { memory: mode, length, window = 0 }: CheckedRollout,
): void {
  const refuse = (message: string): never => {
    throw new DiffusionForcingError("invalid-argument", `rollout: the state to resume from ${message}`);
  };
  if (done > position || done > length) {
    refuse(
      `has generated ${done} tokens, and stands at ${position}; expected at most the position and the length, ${length}.`,
    );
  }
  const other = mode === "cache" ? tokens : memory;
  if (other !== undefined) {
    const kept = mode === "cache" ? "recompute" : "cache";
    refuse(
      `is of a rollout with memory: "${kept}", this one has "${mode}". Resume with the window, chunk and memory of that.`,
    );
  }
  const [known, expected] = [tokens?.shape[1] ?? 0, Math.min(position, window)];
  if (mode === "recompute" && known !== expected) {
    refuse(
      `keeps ${known} tokens; expected ${expected}: all up to its position, ${position}, or as many as the window, ${window}.`,
    );
  }
}

function checkPast({ diffusion: { model } }: RolloutSampler, options: CheckedRollout): void {
  const { context, length, window, chunk, condition, resume, batch } = options;
  const refuse = (code: "invalid-argument" | "shape-mismatch", message: string): never => {
    throw new DiffusionForcingError(code, `rollout: ${message}.`);
  };
  if (resume !== undefined && context !== undefined) refuse("invalid-argument", "both context and resume; give one");
  if (resume !== undefined) checkState(resume, options);
  if (chunk > (window ?? chunk)) {
    refuse("invalid-argument", `chunk is ${chunk} and window is ${window}; expected a chunk of at most the window`);
  }
  // Without a window a cache grows with its context, which is in memory already.
  checkSequenceSize("rollout", model, batch, window ?? chunk);
  const known = (context ?? resume?.tokens)?.shape[1] ?? 0;
  if (options.memory === "recompute") {
    if (window === undefined) {
      refuse("invalid-argument", "window is missing; give the number of tokens the model was trained on");
    } else if (known > window) {
      refuse(
        "invalid-argument",
        `a context of ${known} tokens with a window of ${window}; give its last ${window} tokens, or a longer window`,
      );
    }
  }
  const conditioned = model.conditionFeatures > 0;
  if (conditioned !== (condition !== undefined)) {
    refuse("invalid-argument", conditioned ? "the model takes a condition" : "the model takes no condition");
  }
  if (condition === undefined || typeof condition === "function") return;
  const { dtype } = checkHostTensor("rollout: the condition", condition);
  if (dtype !== "float32") refuse("shape-mismatch", `the condition is ${formatType(condition)}; expected float32`);
  const before = resume === undefined ? known : resume.position - resume.done;
  if ((condition.shape[1] ?? 0) < before + length || condition.shape[0] !== batch) {
    refuse(
      "shape-mismatch",
      `the condition is for ${condition.shape[0]} sequences of ${condition.shape[1]} tokens; expected ${batch} of ${before + length}: every token of context and rollout`,
    );
  }
}
