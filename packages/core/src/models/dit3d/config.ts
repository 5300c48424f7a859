import { DiffusionForcingError } from "../../engine/errors.js";
import { formatShape } from "../../engine/tensor/shape.js";

export interface DiT3dOptions {
  /** [C] for vectors, [C, H, W] for frames of a video. */
  readonly tokenShape: readonly number[];
  /** D: features of the external condition of each token. Default 0. */
  readonly conditionFeatures?: number;
  /** Height and width of a patch, which must divide those of a frame. Default 2; vectors are not cut: 1. */
  readonly patchSize?: number;
  /** Width of the residual stream; even, and divisible by `heads` with an even quotient. Default 128. */
  readonly width?: number;
  /** Default 4. */
  readonly layers?: number;
  /** Default 4. */
  readonly heads?: number;
  /** Width of the hidden feed-forward layer. Default 4 times `width`. */
  readonly feedForward?: number;
  /**
   * `"full"`: every layer attends to all patches of all frames at once. `"factorized"`: layers take turns, the first
   * attending within each frame, the next along time for each patch; cheaper for many patches. Default "full".
   */
  readonly attention?: "full" | "factorized";
  /** Rotation of queries and keys by time, height and width, or a sinusoid added to the input. Default "rotary". */
  readonly positions?: "rotary" | "sinusoidal";
  /** Whether a frame sees only itself and earlier ones. Default true. */
  readonly causal?: boolean;
}

export interface DiT3dConfig extends Required<DiT3dOptions> {
  readonly kind: "dit3d";
  readonly [key: string]: unknown;
}

/** How a frame is cut: rows and columns of patches, and the numbers in one patch. A vector is one patch. */
export interface PatchGrid {
  readonly rows: number;
  readonly columns: number;
  readonly features: number;
}

export function patchGridOf({ tokenShape, patchSize }: DiT3dConfig): PatchGrid {
  const [channels, height, width] = tokenShape as [number, number?, number?];
  if (height === undefined || width === undefined) return { rows: 1, columns: 1, features: channels };
  return { rows: height / patchSize, columns: width / patchSize, features: channels * patchSize * patchSize };
}

/**
 * The options with their defaults.
 *
 * @throws `invalid-config` naming the field, what it is and what it may be.
 */
export function completeConfig(options: DiT3dOptions): DiT3dConfig {
  const width = options.width ?? 128;
  const isVector = Array.isArray(options.tokenShape) && options.tokenShape.length === 1;
  const config: DiT3dConfig = {
    kind: "dit3d",
    tokenShape: options.tokenShape,
    conditionFeatures: options.conditionFeatures ?? 0,
    patchSize: options.patchSize ?? (isVector ? 1 : 2),
    width,
    layers: options.layers ?? 4,
    heads: options.heads ?? 4,
    feedForward: options.feedForward ?? 4 * width,
    attention: options.attention ?? "full",
    positions: options.positions ?? "rotary",
    causal: options.causal ?? true,
  };
  checkConfig(config);
  return config;
}

function checkConfig(config: DiT3dConfig): void {
  const check = (legal: boolean, field: keyof DiT3dOptions, expected: string): void => {
    if (legal) return;
    const given = JSON.stringify(config[field]) ?? "undefined";
    throw new DiffusionForcingError("invalid-config", `dit3d: ${field} is ${given}; expected ${expected}.`);
  };
  const isPositive = (value: unknown): boolean => Number.isInteger(value) && (value as number) > 0;
  const { tokenShape, patchSize, width, heads, layers, attention, positions } = config;
  const shaped = Array.isArray(tokenShape) && tokenShape.every(isPositive) && [1, 3].includes(tokenShape.length);
  check(shaped, "tokenShape", "[C] for vectors or [C, H, W] for frames, of positive integers");
  for (const field of ["patchSize", "width", "layers", "heads", "feedForward"] as const) {
    check(isPositive(config[field]), field, "a positive integer");
  }
  check(Number.isInteger(config.conditionFeatures) && config.conditionFeatures >= 0, "conditionFeatures", "0 or more");
  const isVector = tokenShape.length === 1;
  check(!isVector || patchSize === 1, "patchSize", "1 for vectors, which are not cut");
  const cut = tokenShape.slice(1).every((size) => size % patchSize === 0);
  check(cut, "patchSize", `a divisor of the frames' height and width ${formatShape(tokenShape.slice(1))}`);
  check(width % 2 === 0, "width", "an even number: half of it is sines and half cosines of the noise level");
  check(width % (2 * heads) === 0, "heads", `a divisor of half the width ${width}, so that heads have even widths`);
  check(attention === "full" || attention === "factorized", "attention", '"full" or "factorized"');
  check(
    attention === "full" || !isVector,
    "attention",
    '"full" for vectors, which have nothing to attend to within a token',
  );
  check(
    attention === "full" || layers >= 2,
    "layers",
    "at least 2 for factorized attention, one within frames and one along time",
  );
  check(positions === "rotary" || positions === "sinusoidal", "positions", '"rotary" or "sinusoidal"');
  check(typeof config.causal === "boolean", "causal", "true or false");
}
