export { type Posterior, type VariationalAutoencoder, variationalAutoencoder } from "./autoencoder.js";
export { type AutoencoderCodecOptions, autoencoderCodec } from "./codec.js";
export type { AutoencoderConfig, AutoencoderOptions } from "./config.js";
