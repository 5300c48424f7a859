export * from "./safetensors.js";
export * from "./training-checkpoint.js";
