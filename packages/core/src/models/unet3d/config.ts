import { DiffusionForcingError } from "../../engine/errors.js";
import { formatShape } from "../../engine/tensor/shape.js";

/** Groups of channels that are normalised together. */
export const GROUPS = 8;

export interface UNet3dOptions {
  /** [C, H, W] of a frame. H and W must be divisible by 2^(number of multipliers - 1). */
  readonly tokenShape: readonly number[];
  /**
   * D: features of the external condition of each frame. It is embedded and added to the noise level's embedding.
   * (The official U-Net refuses conditions.) Default 0.
   */
  readonly conditionFeatures?: number;
  /** Channels at full resolution; a multiple of 8, the number of normalisation groups. Default 64. */
  readonly width?: number;
  /** Channels of each level as multiples of `width`; every level but the last halves the resolution. Default [1, 2, 4, 8]. */
  readonly multipliers?: readonly number[];
  /**
   * Levels with spatial and temporal attention, by how often smaller than the input their frames are: 1 is full
   * resolution, 2 half of it. The official `attn_resolutions` are the `resolution` divided by these. The middle of
   * the net always has attention. Default: every level.
   */
  readonly attentionFactors?: readonly number[];
  /** Default 4. */
  readonly heads?: number;
  /** Features per head; even for rotary positions. Default 32. */
  readonly headWidth?: number;
  /** Whether spatial attention is linear in the number of pixels, except at the lowest resolution. Default true. */
  readonly linearAttention?: boolean;
  /** Whether the input passes temporal attention before the first level. Default true. */
  readonly initialTemporalAttention?: boolean;
  /** How temporal attention knows the frames' order. Default "rotary". */
  readonly positions?: "rotary" | "sinusoidal";
  /** Whether a frame sees only itself and earlier ones. Default true. */
  readonly causal?: boolean;
  /**
   * What group normalisation takes its means and variances over: all frames of the `"clip"`, as the official code
   * does, or each `"frame"` by itself. Over a clip, a frame's output depends on all later frames however attention is
   * masked, so that a causal net leaks the future into the past. Default: "frame" if causal, else "clip".
   */
  readonly normalization?: "clip" | "frame";
}

export interface UNet3dConfig extends Required<UNet3dOptions> {
  readonly kind: "unet3d";
  readonly [key: string]: unknown;
}

function isPositiveInteger(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) > 0;
}

function positiveIntegers(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.length > 0 && value.every(isPositiveInteger);
}

/**
 * The options with their defaults.
 *
 * @throws `invalid-config` naming the field, what it is and what it may be.
 */
export function completeConfig(options: UNet3dOptions): UNet3dConfig {
  const multipliers = options.multipliers ?? [1, 2, 4, 8];
  const causal = options.causal ?? true;
  const config: UNet3dConfig = {
    kind: "unet3d",
    tokenShape: options.tokenShape,
    conditionFeatures: options.conditionFeatures ?? 0,
    width: options.width ?? 64,
    multipliers,
    attentionFactors:
      options.attentionFactors ?? (positiveIntegers(multipliers) ? multipliers.map((_, i) => 2 ** i) : []),
    heads: options.heads ?? 4,
    headWidth: options.headWidth ?? 32,
    linearAttention: options.linearAttention ?? true,
    initialTemporalAttention: options.initialTemporalAttention ?? true,
    positions: options.positions ?? "rotary",
    causal,
    normalization: options.normalization ?? (causal ? "frame" : "clip"),
  };
  checkConfig(config);
  return config;
}

function checkConfig(config: UNet3dConfig): void {
  const check = (legal: boolean, field: keyof UNet3dOptions, expected: string): void => {
    if (legal) return;
    const given = JSON.stringify(config[field]) ?? "undefined";
    throw new DiffusionForcingError("invalid-config", `unet3d: ${field} is ${given}; expected ${expected}.`);
  };
  const { tokenShape, width, multipliers, attentionFactors, headWidth, positions, normalization } = config;
  check(positiveIntegers(tokenShape) && tokenShape.length === 3, "tokenShape", "[C, H, W], three positive integers");
  for (const field of ["width", "heads", "headWidth"] as const) {
    check(isPositiveInteger(config[field]), field, "a positive integer");
  }
  check(
    width % GROUPS === 0,
    "width",
    `a multiple of ${GROUPS}, such as ${Math.max(1, Math.round(width / GROUPS)) * GROUPS}`,
  );
  check(Number.isInteger(config.conditionFeatures) && config.conditionFeatures >= 0, "conditionFeatures", "0 or more");
  check(positiveIntegers(multipliers), "multipliers", "a list of positive integers");
  const smallest = 2 ** (multipliers.length - 1);
  const halves = tokenShape.slice(1).every((size) => size % smallest === 0);
  check(
    halves,
    "tokenShape",
    `a height and width divisible by ${smallest}, as ${multipliers.length} levels of multipliers halve them ${multipliers.length - 1} times: pad the frames, to ${formatShape(tokenShape.map((size, i) => (i === 0 ? size : Math.ceil(size / smallest) * smallest)))} say, or use fewer levels`,
  );
  const factors = multipliers.map((_, i) => 2 ** i);
  const known = Array.isArray(attentionFactors) && attentionFactors.every((factor) => factors.includes(factor));
  check(known, "attentionFactors", `some of ${formatShape(factors)}, or none`);
  check(positions === "rotary" || positions === "sinusoidal", "positions", '"rotary" or "sinusoidal"');
  check(positions !== "rotary" || headWidth % 2 === 0, "headWidth", "an even number, as rotary positions turn pairs");
  check(normalization === "clip" || normalization === "frame", "normalization", '"clip" or "frame"');
  for (const field of ["linearAttention", "initialTemporalAttention", "causal"] as const) {
    check(typeof config[field] === "boolean", field, "true or false");
  }
}
