export * from "../diffusion/index.js";
export * from "../process/index.js";
