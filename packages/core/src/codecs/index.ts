export { type CategoricalOptions, categoricalCodec } from "./categorical.js";
export { chainCodecs } from "./chain.js";
export type { Codec, CodecConfig, PlainCodec } from "./codec.js";
export { type CodecReader, codecFromConfig } from "./codec-from-config.js";
export { frameStackCodec } from "./frame-stack.js";
export { imageCodec } from "./image.js";
export {
  fitNormalization,
  type Normalization,
  type NormalizationOptions,
  normalizationCodec,
} from "./normalization.js";
