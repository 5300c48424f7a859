export type { Diffusion } from "./diffusion.js";
export { generated } from "./generator.js";
export * from "./loss.js";
export { type SelfLabels, type SelfLabelsOptions, selfLabels } from "./self-labels.js";
