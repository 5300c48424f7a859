export * from "./autoencoder/index.js";
export { type CategoricalOptions, categoricalCodec } from "./categorical.js";
export { chainCodecs } from "./chain.js";
export { type Codec, type CodecConfig, codecOn, type PlainCodec } from "./codec.js";
export { type CodecReader, codecFromConfig, learnedNetworks } from "./codec-from-config.js";
export { frameStackCodec } from "./frame-stack.js";
export { imageCodec } from "./image.js";
export { type KeptOptions, keptCodec } from "./kept.js";
export {
  fitNormalization,
  type Normalization,
  type NormalizationOptions,
  normalizationCodec,
} from "./normalization.js";
export * from "./vector-quantizer/index.js";
