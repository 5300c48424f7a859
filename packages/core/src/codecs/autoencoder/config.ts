import * as v from "valibot";
import { schemas } from "../../engine/check.js";
import { checkModelOptions, fieldRule, modelSchemas } from "../../models/options.js";
import { type AutoencoderSizes, sizeEntries } from "../autoencoder-sizes.js";

export interface AutoencoderOptions extends AutoencoderSizes {
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
  ...sizeEntries,
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
