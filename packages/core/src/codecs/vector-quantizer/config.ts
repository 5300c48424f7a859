import * as v from "valibot";
import { schemas } from "../../engine/check.js";
import { checkModelOptions, modelSchemas } from "../../models/options.js";
import { type AutoencoderSizes, sizeEntries } from "../autoencoder-sizes.js";

export interface VectorQuantizerOptions extends AutoencoderSizes {
  /** K: codes of the codebook. */
  readonly codes: number;
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
  ...sizeEntries,
  codes: schemas.integer(2, 65_536),
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
