export type { UNet3dConfig, UNet3dOptions } from "./config.js";
export { unet3d } from "./unet3d.js";
