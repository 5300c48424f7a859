import * as v from "valibot";
import type { Diffusion } from "../diffusion/diffusion.js";
import { check, schemas } from "../engine/check.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { formatType } from "../engine/graph/ops/helpers.js";
import type { TensorType } from "../engine/graph/value.js";
import { shapesEqual } from "../engine/tensor/shape.js";
import {
  checkFinite,
  checkTensor,
  type HostTensor,
  type HostTensorRecord,
  isHostTensor,
} from "../engine/tensor/tensor.js";
import { describeTokens, holdsTokens, type Model } from "../models/model.js";
import { noiseSources, type SampleSeed, splitSources } from "./noise-source.js";
import { fullSequence, type MatrixSource, matrixFrom } from "./plan/matrix-shapes.js";
import { checkRows } from "./plan/scheduling-matrix.js";
import { checkSequenceSize } from "./sequence-size.js";
import { clippedRows, type Starting, startTokens } from "./start.js";
import { joinTokens, lastTokens } from "./tokens.js";

/** Sequences to sample. */
export interface SampleOptions {
  /** How many sequences. Default: as many as the context has, else 1. */
  readonly batch?: number;
  /** How many tokens to generate. */
  readonly length: number;
  readonly seed: SampleSeed;
  /** Known tokens before the generated ones, float32 [B, T, ...tokenShape]. */
  readonly context?: HostTensor;
  /** Order of denoising of the generated tokens. Default: all together. */
  readonly matrix?: MatrixSource;
  /** float32 [B, context + length, D], for a conditioned model. */
  readonly condition?: HostTensor;
  /** The guidance's inputs by name. */
  readonly guidanceInputs?: HostTensorRecord;
  readonly signal?: AbortSignal;
}

/** Sequences to denoise and the order to do it in, token by token and level by level. */
export interface DenoiseRequest {
  /** Where to start: known tokens, and noise in those that are to be sampled, float32 [B, T, ...tokenShape]. */
  readonly tokens: HostTensor;
  /** Level indices 0..S before the first step and after each step: T entries, the same for every sample. */
  readonly rows: readonly ArrayLike<number>[];
  readonly seed: SampleSeed;
  /** float32 [B, T, D], for a conditioned model. */
  readonly condition?: HostTensor;
  /** The guidance's inputs by name. */
  readonly guidanceInputs?: HostTensorRecord;
  /** What history guidance hides the history with, standard normal, as `tokens`. Default: drawn from the seed. */
  readonly historyNoise?: HostTensor;
  readonly signal?: AbortSignal;
}

export interface DenoiseProgress {
  /** Steps done: 1 after the first; 0 where there is but one row. */
  readonly step: number;
  readonly steps: number;
  /** Model evaluations so far, of each sample. */
  readonly evaluations: number;
  /** Runs of the model in sequence so far; fewer than steps where they are drafted, see `speculative`. */
  readonly calls: number;
  /** The sequence after this step, float32 [B, T, ...tokenShape]; valid until the next step is asked for. */
  read(): Promise<HostTensor>;
}

type Sampling = { readonly diffusion: Diffusion; readonly timesteps: number };

/** Whatever is there: `noiseSources` says what is wrong with a seed. */
export const seedSchema: v.GenericSchema<SampleSeed> = v.custom<SampleSeed>(
  () => true,
  "a whole number from 0, a RandomStream, or one of these for each sample",
);
const signalSchema = schemas.having<AbortSignal>("an AbortSignal", "aborted");
export const tensorSchema: v.GenericSchema<HostTensor> = schemas.having<HostTensor>(
  "a tensor on the host",
  "dtype",
  "shape",
  "data",
);
const recordSchema = schemas.having<HostTensorRecord>("tensors by name");

export const matrixSchema: v.GenericSchema<MatrixSource> = schemas.satisfying<MatrixSource>(
  "a matrix, such as pyramid()",
  (value) => typeof value === "function" || (typeof value === "object" && value !== null),
);

const sampleSchema = v.strictObject({
  batch: v.optional(schemas.integer(1)),
  length: schemas.integer(1),
  seed: seedSchema,
  context: v.optional(tensorSchema),
  matrix: v.optional(matrixSchema),
  condition: v.optional(tensorSchema),
  guidanceInputs: v.optional(recordSchema),
  signal: v.optional(signalSchema),
});

export const denoiseSchema: v.GenericSchema<DenoiseRequest> = v.strictObject({
  tokens: tensorSchema,
  rows: v.custom<readonly ArrayLike<number>[]>(Array.isArray, "rows of level indices"),
  seed: seedSchema,
  condition: v.optional(tensorSchema),
  guidanceInputs: v.optional(recordSchema),
  historyNoise: v.optional(tensorSchema),
  signal: v.optional(signalSchema),
}) as unknown as v.GenericSchema<DenoiseRequest>;

/** The walk that samples such sequences: noise after the context, denoised by the matrix. */
export async function sampleRequest(sampling: Sampling & Starting, options: SampleOptions): Promise<DenoiseRequest> {
  const { diffusion, timesteps } = sampling;
  const { context, length, seed, matrix = fullSequence(), ...rest } = check("sample", sampleSchema, options);
  const { model } = diffusion;
  if (context !== undefined) checkTokens("sample", "context", model, context);
  const batch = rest.batch ?? context?.shape[0] ?? 1;
  if (context !== undefined && context.shape[0] !== batch) {
    throw new DiffusionForcingError(
      "shape-mismatch",
      `sample: the context holds ${context.shape[0]} sequences and batch is ${batch}; expected the same, or no batch.`,
    );
  }
  const known = context?.shape[1] ?? 0;
  checkSequenceSize("sample", model, batch, known + length);
  const sources = noiseSources("sample", seed, batch);
  const { condition, guidanceInputs, signal } = rest;
  checkCondition("sample", model, condition, batch, known + length);
  const ofNew = condition && lastTokens(condition, length);
  const start = await startTokens(sampling, sources, batch, length, { condition: ofNew, signal });
  const rows = clippedRows(sampling, matrixFrom(matrix, timesteps, length).rows);
  return {
    tokens: context === undefined ? start : joinTokens(context, start),
    rows: afterContext(rows, known),
    seed: splitSources(sources, "steps"),
    ...(condition === undefined ? {} : { condition }),
    ...(guidanceInputs === undefined ? {} : { guidanceInputs }),
    ...(signal === undefined ? {} : { signal }),
  };
}

/** The rows of tokens that stand after `known` clean ones. */
export function afterContext(rows: readonly Int32Array[], known: number): Int32Array[] {
  return rows.map((row) => {
    const whole = new Int32Array(known + row.length);
    whole.set(row, known);
    return whole;
  });
}

/** @throws `shape-mismatch`, `invalid-argument`, `invalid-data` or `invalid-scheduling-matrix` for what cannot be walked. */
export function checkedRequest({ diffusion, timesteps }: Sampling, request: DenoiseRequest): DenoiseRequest {
  const { tokens, rows, condition, historyNoise } = check("denoise", denoiseSchema, request);
  const { model } = diffusion;
  checkTokens("denoise", "tokens", model, tokens);
  const [batch, length] = tokens.shape as [number, number];
  checkRows(rows, timesteps, length);
  checkCondition("denoise", model, condition, batch, length);
  if (historyNoise !== undefined) checkTokens("denoise", "historyNoise", model, historyNoise);
  return request;
}

/** @throws `shape-mismatch`, `invalid-data` unless the tensor holds the model's tokens, all of them finite. */
export function checkTokens(what: string, name: string, model: Model, tokens: HostTensor): void {
  checkFinite(`${what}: the ${name}`, tokens);
  if (holdsTokens(model, tokens)) return;
  throw new DiffusionForcingError(
    "shape-mismatch",
    `${what}: got ${formatType(tokens)} for the ${name}; expected ${describeTokens(model)}.`,
  );
}

/**
 * @param types those that the guidance declares.
 * @throws `invalid-argument` for an input that is missing or not declared, `shape-mismatch` for one of another type,
 *   `invalid-data` for one on the host that is not finite, and what `checkTensor` throws.
 */
export function checkGuidanceInputs(
  inputs: HostTensorRecord | undefined,
  types: Readonly<Record<string, TensorType>>,
): void {
  const given = check("guidanceInputs", recordSchema, inputs ?? {});
  const refuse = (code: "invalid-argument" | "shape-mismatch", problem: string): never => {
    const declared = Object.entries(types).map(([name, type]) => `${name} ${formatType(type)}`);
    throw new DiffusionForcingError(
      code,
      `guidanceInputs: ${problem}; expected ${declared.length === 0 ? "none, as the guidance declares none" : declared.join(", ")}.`,
    );
  };
  for (const [name, value] of Object.entries(given)) {
    if (types[name] === undefined) refuse("invalid-argument", `there is no input "${name}"`);
    const named = `The guidance input "${name}"`;
    if (isHostTensor(checkTensor(named, value))) checkFinite(named, value);
  }
  for (const [name, { dtype, shape }] of Object.entries(types)) {
    const found = given[name];
    if (found === undefined) refuse("invalid-argument", `"${name}" is missing`);
    else if (found.dtype !== dtype || !shapesEqual(found.shape, shape)) {
      refuse("shape-mismatch", `"${name}" is ${formatType(found)}`);
    }
  }
}

/** @throws `shape-mismatch` unless the condition is there exactly if the model takes one, for every token. */
export function checkCondition(
  what: string,
  { conditionFeatures }: Model,
  condition: HostTensor | undefined,
  batch: number,
  length: number,
): void {
  if (condition !== undefined) checkFinite(`${what}: the condition`, condition);
  if (conditionFeatures === 0 && condition === undefined) return;
  const expected = [batch, length, conditionFeatures];
  if (conditionFeatures > 0 && condition?.dtype === "float32" && shapesEqual(condition.shape, expected)) return;
  throw new DiffusionForcingError(
    "shape-mismatch",
    `${what}: the condition is ${condition === undefined ? "missing" : formatType(condition)}; the model takes ${conditionFeatures === 0 ? "none" : `float32[${expected.join(", ")}]`}.`,
  );
}
