import * as v from "valibot";
import { schemas } from "../../engine/check.js";
import { checkModelOptions, modelSchemas } from "../../models/options.js";

export interface VectorQuantizerOptions {
  /** C: features of an item, float32 [B, F, C]. */
  readonly features: number;
  /** D: features of a code vector. */
  readonly latentFeatures: number;
  /** K: codes of the codebook. */
  readonly codes: number;
  /** Width of the hidden layers. Default 256. */
  readonly width?: number;
  /** Hidden layers of the encoder, and as many of the decoder. Default 2. */
  readonly layers?: number;
  /** beta: how strongly what the encoder gives is held to its code. Default 0.25, as in the paper. */
  readonly commitment?: number;
  /**
   * How strongly every code is drawn to an even share of what the encoder gives in a batch, whether it was chosen or not, so
   * that none is left where there are no data. The paper has nothing of the kind (0), and its codebooks collapse more
   * easily. Default 0.1.
   */
  readonly coverage?: number;
}

export interface VectorQuantizerConfig extends Required<VectorQuantizerOptions> {
  readonly kind: "vector-quantizer";
  readonly [key: string]: unknown;
}

const schema = v.strictObject({
  kind: modelSchemas.kind("vector-quantizer"),
  features: modelSchemas.features(1),
  latentFeatures: modelSchemas.features(1),
  codes: schemas.integer(2, 65_536),
  width: v.optional(modelSchemas.width(1), 256),
  layers: v.optional(modelSchemas.count(), 2),
  commitment: v.optional(schemas.number(0, 1e6), 0.25),
  coverage: v.optional(schemas.number(0, 1e6), 0.1),
});

/**
 * The options with their defaults.
 *
 * @throws `invalid-config` naming the field, what it is and what it may be.
 */
export function completeQuantizerConfig(options: VectorQuantizerOptions): VectorQuantizerConfig {
  return { ...checkModelOptions("vectorQuantizer", schema, options), kind: "vector-quantizer" } as const;
}
