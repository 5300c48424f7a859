import * as v from "valibot";
import { schemas } from "../../engine/check.js";
import { formatShape } from "../../engine/tensor/shape.js";
import { checkModelOptions, fieldRule, modelSchemas } from "../options.js";

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

const schema = v.strictObject({
  kind: modelSchemas.kind("dit3d"),
  tokenShape: modelSchemas.tokenShape("[C] for vectors or [C, H, W] for frames", 1, 3),
  conditionFeatures: v.optional(modelSchemas.features(0), 0),
  patchSize: v.optional(modelSchemas.features(1)),
  width: v.optional(modelSchemas.width(2), 128),
  layers: v.optional(modelSchemas.count(), 4),
  heads: v.optional(modelSchemas.count(), 4),
  feedForward: v.optional(modelSchemas.features(1)),
  attention: v.optional(schemas.choice("full", "factorized"), "full"),
  positions: v.optional(schemas.choice("rotary", "sinusoidal"), "rotary"),
  causal: v.optional(modelSchemas.flag(), true),
});

/**
 * The options with their defaults.
 *
 * @throws `invalid-config` naming the field, what it is and what it may be.
 */
export function completeConfig(options: DiT3dOptions): DiT3dConfig {
  const checked = checkModelOptions("dit3d", schema, options);
  const { width, heads, layers, attention } = checked;
  const isVector = checked.tokenShape.length === 1;
  const config: DiT3dConfig = {
    ...checked,
    kind: "dit3d",
    tokenShape: [...checked.tokenShape],
    patchSize: checked.patchSize ?? (isVector ? 1 : 2),
    feedForward: checked.feedForward ?? 4 * width,
  };
  const { tokenShape, patchSize } = config;
  const rule = fieldRule<DiT3dOptions>("dit3d", config);
  rule(!isVector || patchSize === 1, "patchSize", "1 for vectors, which are not cut");
  const cut = tokenShape.slice(1).every((size) => size % patchSize === 0);
  rule(cut, "patchSize", `a divisor of the frames' height and width ${formatShape(tokenShape.slice(1))}`);
  rule(width % 2 === 0, "width", "an even number: half of it is sines and half cosines of the noise level");
  rule(width % (2 * heads) === 0, "heads", `a divisor of half the width ${width}, so that heads have even widths`);
  const isFull = attention === "full";
  rule(isFull || !isVector, "attention", '"full" for vectors, which have nothing to attend to within a token');
  rule(isFull || layers >= 2, "layers", "at least 2 for factorized attention, one within frames and one along time");
  return config;
}
