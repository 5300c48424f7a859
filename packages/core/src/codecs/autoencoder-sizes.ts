import * as v from "valibot";
import { modelSchemas } from "../models/options.js";

/** Sizes of an encoder and a decoder of vectors, perceptrons both. */
export interface AutoencoderSizes {
  /** C: features of an item, float32 [B, F, C]. */
  readonly features: number;
  /** D: features of a token. */
  readonly latentFeatures: number;
  /** Width of the hidden layers. Default 256. */
  readonly width?: number;
  /** Hidden layers of the encoder, and as many of the decoder. Default 2. */
  readonly layers?: number;
}

type Size = ReturnType<typeof modelSchemas.features>;

/** Schemas of the sizes, by name. */
export const sizeEntries: {
  readonly features: Size;
  readonly latentFeatures: Size;
  readonly width: v.OptionalSchema<Size, number>;
  readonly layers: v.OptionalSchema<Size, number>;
} = {
  features: modelSchemas.features(1),
  latentFeatures: modelSchemas.features(1),
  width: v.optional(modelSchemas.width(1), 256),
  layers: v.optional(modelSchemas.count(), 2),
};
