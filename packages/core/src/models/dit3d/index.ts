export type { DiT3dConfig, DiT3dOptions } from "./config.js";
export { dit3d } from "./dit3d.js";
