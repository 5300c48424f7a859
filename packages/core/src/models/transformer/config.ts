import * as v from "valibot";
import { schemas } from "../../engine/check.js";
import { checkModelOptions, fieldRule, modelSchemas } from "../options.js";

export interface TransformerOptions {
  /** C: features of a token. */
  readonly features: number;
  /** Numbers that are output for a token. Default `features`. */
  readonly outputs?: number;
  /** D: features of the external condition. Default 0. */
  readonly conditionFeatures?: number;
  /** Width of the residual stream; divisible by 4 and by `heads`. Default 128. */
  readonly width?: number;
  /** Default 4. */
  readonly layers?: number;
  /** Default 4. */
  readonly heads?: number;
  /** Width of the hidden feed-forward layer. Default 4 times `width`. */
  readonly feedForward?: number;
  /** Whether token i sees only tokens j <= i. Default true. */
  readonly causal?: boolean;
  /**
   * How the model knows where tokens stand. `"rotary"`, the default, turns queries and keys (Su et al. 2021) and values
   * (as geometric transform attention, Miyato et al. 2024), so that only distances count: a causal model then has a
   * memory, and a rollout of any length reads each token once. It needs heads of an even width. `"sinusoidal"` adds the
   * sinusoid of the place in the window to the input, as the paper's code does and its weights expect.
   */
  readonly positions?: "rotary" | "sinusoidal";
  /**
   * How the model knows the noise level of a token. `"concat"` reads its sinusoid beside the token. `"film"`: feature-wise
   * linear modulation (Perez et al. 2018), as latent music diffusion has it (Mittal et al. 2021): a perceptron of the
   * sinusoid gives a scale and a shift of the features that enter the embedding's and every layer's feed-forward part.
   * Default "concat".
   */
  readonly noiseEmbedding?: "concat" | "film";
}

export interface TransformerConfig extends Required<Omit<TransformerOptions, "outputs">> {
  /** Absent where it equals `features`. */
  readonly outputs?: number;
  readonly kind: "transformer";
  readonly [key: string]: unknown;
}

const schema = v.strictObject({
  kind: modelSchemas.kind("transformer"),
  features: modelSchemas.features(1),
  outputs: v.optional(modelSchemas.features(1)),
  conditionFeatures: v.optional(modelSchemas.features(0), 0),
  width: v.optional(modelSchemas.width(8), 128),
  layers: v.optional(modelSchemas.count(), 4),
  heads: v.optional(modelSchemas.count(), 4),
  feedForward: v.optional(modelSchemas.features(1)),
  causal: v.optional(modelSchemas.flag(), true),
  positions: v.optional(schemas.choice("rotary", "sinusoidal"), "rotary"),
  noiseEmbedding: v.optional(schemas.choice("concat", "film"), "concat"),
});

/**
 * The options with their defaults.
 *
 * @throws `invalid-config` naming the field, what it is and what it may be.
 */
export function completeConfig(options: TransformerOptions): TransformerConfig {
  const checked = checkModelOptions("transformer", schema, options);
  const { outputs, ...rest } = checked;
  const { width, heads, positions, features } = rest;
  const config = {
    ...rest,
    ...(outputs === undefined || outputs === features ? {} : { outputs }),
    kind: "transformer",
    feedForward: checked.feedForward ?? 4 * width,
  } as const;
  const rule = fieldRule<TransformerOptions>("transformer", config);
  rule(width % 4 === 0, "width", "a multiple of 4 (half of it embeds the noise level)");
  rule(width % heads === 0, "heads", `a divisor of the width ${width}`);
  const pairs = width % (2 * heads) === 0;
  rule(
    positions !== "rotary" || pairs,
    "heads",
    `a divisor of half the width ${width}: rotary positions turn pairs of a head's features`,
  );
  return config;
}
