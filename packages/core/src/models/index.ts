export { type CpHead, type CpHeadConfig, type CpHeadOptions, type CpLaw, cpHead } from "./cp-head.js";
export { type CtcTargets, ctcLoss, ctcTargets } from "./ctc.js";
export { type DataRange, dataRangeOf, extendedRange, weightsOf, withDataRange } from "./data-range.js";
export { type DiT3dConfig, type DiT3dOptions, dit3d } from "./dit3d/index.js";
export { featureOf, featureShape, featuresOf } from "./features.js";
export { joinMemories, memoryOf, repeatMemory } from "./memory.js";
export * from "./model.js";
export { modelFromConfig } from "./model-from-config.js";
export { nextSymbols } from "./next-symbols.js";
export { checkParameters, countParameters, initializeParameters } from "./parameters.js";
export { type PrototypeHead, type PrototypeHeadOptions, prototypeHead } from "./prototypes.js";
export { queryOutputs } from "./query-outputs.js";
export { type RecurrentConfig, type RecurrentOptions, recurrent } from "./recurrent/index.js";
export { sinusoidTable } from "./sinusoid.js";
export { type TransformerConfig, type TransformerOptions, transformer } from "./transformer/index.js";
export {
  type UNet3dConfig,
  type UNet3dOptions,
  unet3d,
} from "./unet3d/index.js";
