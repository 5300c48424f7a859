export * from "./model.js";
export { modelFromConfig } from "./model-from-config.js";
export { checkParameters, countParameters, initializeParameters } from "./parameters.js";
export { sinusoidTable } from "./sinusoid.js";
export { type TransformerConfig, type TransformerOptions, transformer } from "./transformer.js";
