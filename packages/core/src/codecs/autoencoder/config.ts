import * as v from "valibot";
import { schemas } from "../../engine/check.js";
import { checkModelOptions, fieldRule, modelSchemas } from "../../models/options.js";

export interface AutoencoderOptions {
  /** C: features of an item, float32 [B, F, C]. */
  readonly features: number;
  /** D: features of a token. */
  readonly latentFeatures: number;
  /** Width of the hidden layers. Default 256. */
  readonly width?: number;
  /** Hidden layers of the encoder, and as many of the decoder. Default 2. */
  readonly layers?: number;
  /**
   * What the decoder's output means. `"squared"`: features, by half the squared error, a normal law of variance 1.
   * `"categorical"`: groups of as many features hold a symbol each, 1 for the symbol and -1 for the others as
   * `categoricalCodec` writes them; the decoder gives their logits, by the cross-entropy. Default squared.
   */
  readonly reconstruction?:
    | { readonly kind: "squared" }
    | { readonly kind: "categorical"; readonly categories: number };
  /**
   * Factor on the divergence from the prior: 1 is the evidence lower bound; less, and more goes through the bottleneck
   * (Higgins et al. 2017, the other way round). Default 1.
   */
  readonly klWeight?: number;
}

export interface AutoencoderConfig extends Required<AutoencoderOptions> {
  readonly kind: "variational-autoencoder";
  readonly [key: string]: unknown;
}

const schema = v.strictObject({
  kind: modelSchemas.kind("variational-autoencoder"),
  features: modelSchemas.features(1),
  latentFeatures: modelSchemas.features(1),
  width: v.optional(modelSchemas.width(1), 256),
  layers: v.optional(modelSchemas.count(), 2),
  reconstruction: v.optional(
    v.variant("kind", [
      v.strictObject({ kind: v.literal("squared") }),
      v.strictObject({ kind: v.literal("categorical"), categories: schemas.integer(2, 2 ** 20) }),
    ]),
    { kind: "squared" },
  ),
  klWeight: v.optional(schemas.number(0, 1e6), 1),
});

/**
 * The options with their defaults.
 *
 * @throws `invalid-config` naming the field, what it is and what it may be.
 */
export function completeAutoencoderConfig(options: AutoencoderOptions): AutoencoderConfig {
  const config = {
    ...checkModelOptions("variationalAutoencoder", schema, options),
    kind: "variational-autoencoder",
  } as const;
  const { features, reconstruction } = config;
  const rule = fieldRule<AutoencoderOptions>("variationalAutoencoder", config);
  const group = reconstruction.kind === "categorical" ? reconstruction.categories : 1;
  rule(features % group === 0, "features", `a multiple of the ${group} categories`);
  return config;
}
