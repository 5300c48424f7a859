export type { Diffusion } from "./diffusion.js";
export * from "./loss.js";
