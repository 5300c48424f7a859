export type { UNet3dConfig, UNet3dOptions } from "./config.js";
export { type OfficialParameter, officialConstants, officialParameters } from "./official-names.js";
export { unet3d } from "./unet3d.js";
