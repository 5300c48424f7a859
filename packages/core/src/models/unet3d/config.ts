import * as v from "valibot";
import { schemas } from "../../engine/check.js";
import { formatShape } from "../../engine/tensor/shape.js";
import { checkModelOptions, fieldRule, modelSchemas } from "../options.js";

/** Groups of channels that are normalised together. */
export const GROUPS = 8;

export interface UNet3dOptions {
  /** [C, H, W] of a frame. H and W must be divisible by 2^(number of multipliers - 1). */
  readonly tokenShape: readonly number[];
  /**
   * D: features of the external condition of each frame. It is embedded and added to the noise level's embedding.
   * Default 0.
   */
  readonly conditionFeatures?: number;
  /** Channels at full resolution; a multiple of 8, the number of normalisation groups. Default 64. */
  readonly width?: number;
  /** Channels of each level as multiples of `width`; every level but the last halves the resolution. Default [1, 2, 4, 8]. */
  readonly multipliers?: readonly number[];
  /**
   * Levels with spatial and temporal attention, by how often smaller than the input their frames are: 1 is full
   * resolution, 2 half of it. The middle of the net always has attention. Default: every level.
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
   * What group normalisation takes its means and variances over: all frames of the `"clip"`, or each
   * `"frame"` by itself. Over a clip, a frame's output depends on all later frames however attention is
   * masked, so that a causal net leaks the future into the past. Default: "frame" if causal, else "clip".
   */
  readonly normalization?: "clip" | "frame";
}

export interface UNet3dConfig extends Required<UNet3dOptions> {
  readonly kind: "unet3d";
  readonly [key: string]: unknown;
}

const schema = v.strictObject({
  kind: modelSchemas.kind("unet3d"),
  tokenShape: modelSchemas.tokenShape("[C, H, W]", 3),
  conditionFeatures: v.optional(modelSchemas.features(0), 0),
  width: v.optional(modelSchemas.width(GROUPS), 64),
  multipliers: v.optional(wholeNumbers("a list of 1 to 16 whole numbers from 1 to 1024", 1, 1024), [1, 2, 4, 8]),
  attentionFactors: v.optional(wholeNumbers("a list of powers of 2", 0, 2 ** 16)),
  heads: v.optional(modelSchemas.count(), 4),
  headWidth: v.optional(modelSchemas.width(1), 32),
  linearAttention: v.optional(modelSchemas.flag(), true),
  initialTemporalAttention: v.optional(modelSchemas.flag(), true),
  positions: v.optional(schemas.choice("rotary", "sinusoidal"), "rotary"),
  causal: v.optional(modelSchemas.flag(), true),
  normalization: v.optional(schemas.choice("clip", "frame")),
});

/** A list of `fewest` to 16 whole numbers from 1. */
function wholeNumbers(
  expected: string,
  fewest: number,
  highest: number,
): v.CustomSchema<readonly number[], v.ErrorMessage<v.CustomIssue> | undefined> {
  const fits = (value: unknown): boolean =>
    Number.isSafeInteger(value) && (value as number) > 0 && Number(value) <= highest;
  return v.custom<readonly number[]>(
    (value) => Array.isArray(value) && value.length >= fewest && value.length <= 16 && value.every(fits),
    expected,
  );
}

/**
 * The options with their defaults.
 *
 * @throws `invalid-config` naming the field, what it is and what it may be.
 */
export function completeConfig(options: UNet3dOptions): UNet3dConfig {
  const checked = checkModelOptions("unet3d", schema, options);
  const { width, causal, headWidth, positions } = checked;
  const factors = checked.multipliers.map((_, i) => 2 ** i);
  const config: UNet3dConfig = {
    ...checked,
    kind: "unet3d",
    tokenShape: [...checked.tokenShape],
    multipliers: [...checked.multipliers],
    attentionFactors: [...(checked.attentionFactors ?? factors)],
    normalization: checked.normalization ?? (causal ? "frame" : "clip"),
  };
  const { tokenShape, multipliers, attentionFactors } = config;
  const rule = fieldRule<UNet3dOptions>("unet3d", config);
  const nearest = Math.max(1, Math.round(width / GROUPS)) * GROUPS;
  rule(width % GROUPS === 0, "width", `a multiple of ${GROUPS}, such as ${nearest}`);
  const smallest = 2 ** (multipliers.length - 1);
  const padded = tokenShape.map((size, i) => (i === 0 ? size : Math.ceil(size / smallest) * smallest));
  rule(
    tokenShape.slice(1).every((size) => size % smallest === 0),
    "tokenShape",
    `a height and width divisible by ${smallest}, as ${multipliers.length} levels of multipliers halve them ${multipliers.length - 1} times: pad the frames, to ${formatShape(padded)} say, or use fewer levels`,
  );
  const known = attentionFactors.every((factor) => factors.includes(factor));
  rule(known, "attentionFactors", `some of ${formatShape(factors)}, or none`);
  rule(positions !== "rotary" || headWidth % 2 === 0, "headWidth", "an even number, as rotary positions turn pairs");
  return config;
}
