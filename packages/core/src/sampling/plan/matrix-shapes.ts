import * as v from "valibot";
import { check, schemas } from "../../engine/check.js";
import { describe } from "../../engine/describe.js";
import { DiffusionForcingError } from "../../engine/errors.js";
import { checkMatrixSize } from "./matrix-size.js";
import { type SchedulingMatrix, validateSchedulingMatrix } from "./scheduling-matrix.js";

/** Which scheduling matrix to denoise by, as JSON: {@link schedulingMatrix} builds it for any number of tokens. */
export type MatrixShape =
  | { readonly kind: "full-sequence" }
  | { readonly kind: "autoregressive" }
  | { readonly kind: "pyramid"; readonly uncertainty: number }
  | { readonly kind: "trapezoid"; readonly uncertainty: number };

/** A shape, or a matrix of one's own for any number of sampling steps and of tokens to denoise. */
export type MatrixSource = MatrixShape | ((timesteps: number, tokens: number) => SchedulingMatrix);

/** Options of {@link pyramid} and {@link trapezoid}. */
export interface PyramidOptions {
  /** How many level indices each token lags behind its predecessor: 0 denoises all together. Default 1. */
  readonly uncertainty?: number;
}

/** All tokens fall together, as in ordinary diffusion. */
export function fullSequence(): MatrixShape {
  return { kind: "full-sequence" };
}

/** One token after the other: each waits at pure noise until its predecessor is clean. */
export function autoregressive(): MatrixShape {
  return { kind: "autoregressive" };
}

/** Each token lags `uncertainty` level indices behind the one before it: the far future stays noisier than the near. */
export function pyramid(options: PyramidOptions = {}): MatrixShape {
  return { kind: "pyramid", uncertainty: uncertaintyOf("pyramid", options) };
}

/** Both ends first, the middle last, symmetric: for sequences whose start and goal are known. */
export function trapezoid(options: PyramidOptions = {}): MatrixShape {
  return { kind: "trapezoid", uncertainty: uncertaintyOf("trapezoid", options) };
}

const pyramidOptions = v.strictObject({ uncertainty: v.optional(schemas.number(0), 1) });

function uncertaintyOf(name: string, options: PyramidOptions): number {
  return check(name, pyramidOptions, options, "invalid-scheduling-matrix").uncertainty;
}

function invalid(message: string): DiffusionForcingError {
  return new DiffusionForcingError("invalid-scheduling-matrix", message);
}

function checkSize(what: string, size: number): void {
  if (!Number.isSafeInteger(size) || size < 1) {
    throw invalid(`schedulingMatrix: ${what} is ${describe(size)}; expected a positive integer.`);
  }
}

/** Rows in which column t sits at steps + delay(t) - m in row m, limited to 0..steps. */
function delayed(steps: number, tokens: number, height: number, delay: (token: number) => number): SchedulingMatrix {
  checkMatrixSize(steps, tokens, height);
  // One buffer for all rows: a hundred thousand arrays of five entries would take ten times the entries' memory.
  const entries = new Int32Array(height * tokens);
  const rows = Array.from({ length: height }, (_, m) => entries.subarray(m * tokens, (m + 1) * tokens));
  for (let token = 0; token < tokens; token++) {
    const start = steps + delay(token);
    rows.forEach((row, m) => {
      row[token] = Math.min(Math.max(start - m, 0), steps);
    });
  }
  return { steps, tokens, rows };
}

function pyramidMatrix(steps: number, tokens: number, uncertainty: number): SchedulingMatrix {
  const delay = (token: number) => Math.trunc(token * uncertainty);
  return delayed(steps, tokens, steps + delay(tokens - 1) + 1, delay);
}

function trapezoidMatrix(steps: number, tokens: number, uncertainty: number): SchedulingMatrix {
  const delay = (token: number) => Math.trunc(Math.min(token, tokens - 1 - token) * uncertainty);
  return delayed(steps, tokens, steps + delay(Math.floor((tokens - 1) / 2)) + 1, delay);
}

/**
 * The matrix of a shape.
 *
 * @param steps S, the number of sampling steps a token takes from noise to clean.
 * @param tokens how many tokens are denoised.
 * @throws `invalid-scheduling-matrix`
 */
export function schedulingMatrix(shape: MatrixShape, steps: number, tokens: number): SchedulingMatrix {
  checkSize("steps", steps);
  checkSize("tokens", tokens);
  const known = checkShape(shape);
  switch (known.kind) {
    case "full-sequence":
      return pyramidMatrix(steps, tokens, 0);
    case "autoregressive":
      return pyramidMatrix(steps, tokens, steps);
    case "pyramid":
      return pyramidMatrix(steps, tokens, known.uncertainty);
    case "trapezoid":
      return trapezoidMatrix(steps, tokens, known.uncertainty);
  }
}

const uncertainty = schemas.number(0);
const shapeSchemas: { readonly [Kind in MatrixShape["kind"]]: v.GenericSchema } = {
  "full-sequence": v.strictObject({ kind: v.literal("full-sequence") }),
  autoregressive: v.strictObject({ kind: v.literal("autoregressive") }),
  pyramid: v.strictObject({ kind: v.literal("pyramid"), uncertainty }),
  trapezoid: v.strictObject({ kind: v.literal("trapezoid"), uncertainty }),
};

function checkShape(shape: unknown): MatrixShape {
  const kind = typeof shape === "object" && shape !== null && "kind" in shape ? shape.kind : undefined;
  if (typeof kind !== "string" || !Object.hasOwn(shapeSchemas, kind)) throw invalid(unknownShape(kind));
  const schema = shapeSchemas[kind as MatrixShape["kind"]];
  return check(`A scheduling matrix of kind ${kind}`, schema, shape, "invalid-scheduling-matrix") as MatrixShape;
}

const shapes: { readonly [Kind in MatrixShape["kind"]]: (options: PyramidOptions) => MatrixShape } = {
  "full-sequence": fullSequence,
  autoregressive,
  pyramid,
  trapezoid,
};

function unknownShape(kind: unknown): string {
  return `A scheduling matrix's kind is ${describe(kind)}; the known ones are ${Object.keys(shapes).join(", ")}.`;
}

/**
 * The shape of that name, for names that come from a command line or a stored configuration.
 *
 * @param options those the shape takes; others are ignored, so that a program may pass the same ones to every name.
 * @throws `invalid-scheduling-matrix` for an unknown name; the message lists the legal ones.
 */
export function schedulingMatrixFromName(name: string, options: PyramidOptions = {}): MatrixShape {
  if (typeof name !== "string" || !Object.hasOwn(shapes, name)) throw invalid(unknownShape(name));
  return shapes[name as MatrixShape["kind"]](options);
}

/**
 * The matrix of a source, checked: every column from noise to clean.
 *
 * @throws `invalid-scheduling-matrix`
 */
export function matrixFrom(source: MatrixSource, timesteps: number, tokens: number): SchedulingMatrix {
  const matrix = typeof source === "function" ? source(timesteps, tokens) : schedulingMatrix(source, timesteps, tokens);
  validateSchedulingMatrix(matrix);
  if (matrix.steps !== timesteps || matrix.tokens !== tokens) {
    throw invalid(
      `Scheduling matrix: made for ${matrix.steps} steps and ${matrix.tokens} tokens; expected ${timesteps} and ${tokens}.`,
    );
  }
  return matrix;
}
