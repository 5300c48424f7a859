export type { TransformerConfig, TransformerOptions } from "./config.js";
export { transformer } from "./transformer.js";
