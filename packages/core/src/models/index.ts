export * from "./model.js";
export { modelFromConfig } from "./model-from-config.js";
export { checkParameters, countParameters, initializeParameters } from "./parameters.js";
export { sinusoidTable } from "./sinusoid.js";
export { transformer, type TransformerConfig, type TransformerOptions } from "./transformer.js";
