export {
  asVectorQuantizer,
  type VectorQuantizerCodec,
  type VectorQuantizerCodecOptions,
  vectorQuantizerCodec,
} from "./codec.js";
export type { VectorQuantizerConfig, VectorQuantizerOptions } from "./config.js";
export { type VectorQuantizer, vectorQuantizer } from "./vector-quantizer.js";
