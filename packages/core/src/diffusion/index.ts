export type { Diffusion } from "./diffusion.js";
export { generated } from "./generator.js";
export * from "./loss.js";
