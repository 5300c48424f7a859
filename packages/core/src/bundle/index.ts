export {
  bundleFiles,
  encodeBundle,
  type LoadOptions,
  loadBundle,
  type SaveOptions,
  saveBundle,
} from "./bundle.js";
export type { BundleCard, BundleConfig, TaskRecord, TrainedOn } from "./bundle-config.js";
export { parseBundleConfig } from "./bundle-config.js";
export type { Bundle, BundleKind, BundleKinds, BundleParts, SymbolBundle } from "./bundle-kinds.js";
export { fromFloat16Bits, toFloat16Bits } from "./float16.js";
export { type JsonLimits, parseJson } from "./json.js";
export * from "./safetensors.js";
export { type DirectoryHandle, directoryStore, type FileHandle } from "./sources/directory.js";
export {
  type BundleSource,
  type BundleTarget,
  checkFileName,
  checkFileSize,
  filesStore,
  type ReadOptions,
} from "./sources/source.js";
export { type UrlSourceOptions, urlSource } from "./sources/url.js";
export * from "./training-checkpoint.js";
export { decodeWeights, encodeWeights, type WeightsOptions } from "./weights.js";
