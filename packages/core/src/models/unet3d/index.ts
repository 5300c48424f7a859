export { type OfficialParameter, officialConstants, officialParameters } from "../../official/unet3d-names.js";
export type { UNet3dConfig, UNet3dOptions } from "./config.js";
export { unet3d } from "./unet3d.js";
