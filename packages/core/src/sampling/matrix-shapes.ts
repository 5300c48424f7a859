import { checkChoice } from "../engine/choice.js";
import { DiffusionForcingError } from "../engine/errors.js";
import type { SchedulingMatrix } from "./scheduling-matrix.js";

/** Which scheduling matrix to denoise by, as JSON: {@link schedulingMatrix} builds it for any number of tokens. */
export type MatrixShape =
  | { readonly name: "full-sequence" }
  | { readonly name: "autoregressive" }
  | { readonly name: "pyramid"; readonly uncertainty: number }
  | { readonly name: "trapezoid"; readonly uncertainty: number; readonly compatibility?: "official" };

/** Options of {@link pyramid}. */
export interface PyramidOptions {
  /** How many level indices each token lags behind its predecessor: 0 denoises all together. Default 1. */
  readonly uncertainty?: number;
}

/** Options of {@link trapezoid}. */
export interface TrapezoidOptions extends PyramidOptions {
  /**
   * "official" reproduces the official matrix with its faults: the second half mirrors column 1 instead of column 0,
   * for an even number of tokens the middle one is never scheduled (its noise is fed as clean), and the last row is
   * missing. For comparisons only.
   */
  readonly compatibility?: "official";
}

/** All tokens fall together, as in ordinary diffusion. */
export function fullSequence(): MatrixShape {
  return { name: "full-sequence" };
}

/** One token after the other: each waits at pure noise until its predecessor is clean. */
export function autoregressive(): MatrixShape {
  return { name: "autoregressive" };
}

/** Each token lags `uncertainty` level indices behind the one before it: the far future stays noisier than the near. */
export function pyramid(options: PyramidOptions = {}): MatrixShape {
  const { uncertainty = 1 } = options;
  checkUncertainty("pyramid", uncertainty);
  return { name: "pyramid", uncertainty };
}

/** Both ends first, the middle last, symmetric: for sequences whose start and goal are known. */
export function trapezoid(options: TrapezoidOptions = {}): MatrixShape {
  const { uncertainty = 1, compatibility } = options;
  checkUncertainty("trapezoid", uncertainty);
  checkChoice("trapezoid: compatibility", compatibility, ["official"]);
  return compatibility === undefined
    ? { name: "trapezoid", uncertainty }
    : { name: "trapezoid", uncertainty, compatibility };
}

function invalid(message: string): DiffusionForcingError {
  return new DiffusionForcingError("invalid-scheduling-matrix", message);
}

function checkUncertainty(name: string, uncertainty: number): void {
  if (!Number.isFinite(uncertainty) || uncertainty < 0) {
    throw invalid(`${name}: uncertainty is ${uncertainty}; expected a number of at least 0.`);
  }
}

function checkSize(what: string, size: number): void {
  if (!Number.isSafeInteger(size) || size < 1) {
    throw invalid(`schedulingMatrix: ${what} is ${size}; expected a positive integer.`);
  }
}

/** Rows in which column t sits at steps + delay(t) - m in row m, limited to 0..steps. */
function delayed(steps: number, tokens: number, height: number, delay: (token: number) => number): SchedulingMatrix {
  const rows = Array.from({ length: height }, (_, m) =>
    Int32Array.from({ length: tokens }, (_, token) => Math.min(Math.max(steps + delay(token) - m, 0), steps)),
  );
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

function officialTrapezoidMatrix(steps: number, tokens: number, uncertainty: number): SchedulingMatrix {
  const half = Math.floor((tokens + 1) / 2);
  const delay = (token: number) => {
    if (token < half) return Math.trunc(token * uncertainty);
    // Mirrored onto column -t modulo tokens; the middle of an even number is reached from neither side and stays 0.
    const mirrored = tokens - token;
    return mirrored < half ? Math.trunc(mirrored * uncertainty) : Number.NEGATIVE_INFINITY;
  };
  return delayed(steps, tokens, steps + Math.trunc(half * uncertainty), delay);
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
  switch (shape.name) {
    case "full-sequence":
      return pyramidMatrix(steps, tokens, 0);
    case "autoregressive":
      return pyramidMatrix(steps, tokens, steps);
    case "pyramid":
      return pyramidMatrix(steps, tokens, shape.uncertainty);
    case "trapezoid":
      return shape.compatibility === "official"
        ? officialTrapezoidMatrix(steps, tokens, shape.uncertainty)
        : trapezoidMatrix(steps, tokens, shape.uncertainty);
  }
}

const shapes: { readonly [Name in MatrixShape["name"]]: (options: TrapezoidOptions) => MatrixShape } = {
  "full-sequence": fullSequence,
  autoregressive,
  pyramid,
  trapezoid,
};

/**
 * The shape of that name, for names that come from a command line or a stored configuration.
 *
 * @param options those the shape takes; others are ignored, so that a program may pass the same ones to every name.
 * @throws `invalid-scheduling-matrix` for an unknown name; the message lists the legal ones.
 */
export function schedulingMatrixFromName(name: string, options: TrapezoidOptions = {}): MatrixShape {
  if (!Object.hasOwn(shapes, name)) {
    const known = Object.keys(shapes).join(", ");
    throw invalid(`There is no scheduling matrix named ${JSON.stringify(name)}; the known ones are ${known}.`);
  }
  return shapes[name as MatrixShape["name"]](options);
}
