import { DiffusionForcingError } from "../../engine/errors.js";

export interface RecurrentOptions {
  /** C: features of a token. */
  readonly features: number;
  /** D: features of the external condition. Default 0. */
  readonly conditionFeatures?: number;
  /** Z: size of the latent state, divisible by `cells`. Default 128. */
  readonly stateSize?: number;
  /** Width of the embeddings of level and condition; even, at least 4. Default 16. */
  readonly width?: number;
  /** GRU cells in a row, each with an equal piece of the state. Default 1. */
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

/** @throws `invalid-config` naming the field. */
export function completeConfig(options: RecurrentOptions): RecurrentConfig {
  const config: RecurrentConfig = {
    kind: "recurrent",
    features: options.features,
    conditionFeatures: options.conditionFeatures ?? 0,
    stateSize: options.stateSize ?? 128,
    width: options.width ?? 16,
    cells: options.cells ?? 1,
    mlpLayers: options.mlpLayers ?? 1,
    learnedInitialState: options.learnedInitialState ?? false,
  };
  const check = (legal: boolean, field: keyof RecurrentOptions, expected: string): void => {
    if (legal) return;
    throw new DiffusionForcingError(
      "invalid-config",
      `recurrent: ${field} is ${String(config[field])}; expected ${expected}.`,
    );
  };
  for (const field of ["features", "stateSize", "width", "cells"] as const) {
    check(Number.isSafeInteger(config[field]) && config[field] > 0, field, "a positive integer");
  }
  for (const field of ["conditionFeatures", "mlpLayers"] as const) {
    check(Number.isSafeInteger(config[field]) && config[field] >= 0, field, "an integer, 0 or more");
  }
  check(
    config.width >= 4 && config.width % 2 === 0,
    "width",
    "an even number of at least 4 (it embeds the noise level)",
  );
  check(config.stateSize % config.cells === 0, "cells", `a divisor of the state's size ${config.stateSize}`);
  check(typeof config.learnedInitialState === "boolean", "learnedInitialState", "true or false");
  return config;
}
