import * as v from "valibot";
import { checkModelOptions, fieldRule, modelSchemas } from "../options.js";

export interface RecurrentOptions {
  /** C: features of a token. */
  readonly features: number;
  /** D: features of the external condition. Default 0. */
  readonly conditionFeatures?: number;
  /** Z: size of the latent state, divisible by `cells`. Default 128. */
  readonly stateSize?: number;
  /** Width of the embeddings of level and condition; even, at least 4. Default 16. */
  readonly width?: number;
  /** GRU cells in a row, each with an equal piece of the state; 0 leaves the perceptrons alone. Default 1. */
  readonly cells?: number;
  /**
   * Layers of the perceptrons before and after the cells: 0 for none; 1 for a residual block of the state's size before
   * and a linear layer after; from 2 on residual blocks 32 `width` wide, each perceptron ending in a linear layer.
   * Default 1.
   */
  readonly mlpLayers?: number;
  /** Whether the state before the first token is learned instead of zero. Default false. */
  readonly learnedInitialState?: boolean;
}

export interface RecurrentConfig extends Required<RecurrentOptions> {
  readonly kind: "recurrent";
  readonly [key: string]: unknown;
}

const schema = v.strictObject({
  kind: modelSchemas.kind("recurrent"),
  features: modelSchemas.features(1),
  conditionFeatures: v.optional(modelSchemas.features(0), 0),
  stateSize: v.optional(modelSchemas.features(1), 128),
  width: v.optional(modelSchemas.width(4), 16),
  cells: v.optional(modelSchemas.count(0), 1),
  mlpLayers: v.optional(modelSchemas.count(0), 1),
  learnedInitialState: v.optional(modelSchemas.flag(), false),
});

/**
 * The options with their defaults.
 *
 * @throws `invalid-config` naming the field, what it is and what it may be.
 */
export function completeConfig(options: RecurrentOptions): RecurrentConfig {
  const config = { ...checkModelOptions("recurrent", schema, options), kind: "recurrent" } as const;
  const { cells, mlpLayers, stateSize, width } = config;
  const rule = fieldRule<RecurrentOptions>("recurrent", config);
  rule(width % 2 === 0, "width", "an even number (it embeds the noise level)");
  rule(
    cells > 0 || mlpLayers > 0,
    "cells",
    "1 or more, or else perceptrons (`mlpLayers`): something must make a state",
  );
  rule(cells === 0 || stateSize % cells === 0, "cells", `a divisor of the state's size ${stateSize}`);
  return config;
}
