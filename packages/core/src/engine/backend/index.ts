export { BoundedExecutables, type HeldExecutable } from "./bounded-executables.js";
export { checkRunInputs } from "./check-inputs.js";
export { cachedBackend } from "./compile-cache.js";
export { compileOptions, runOptions } from "./compile-options.js";
export * from "./contract.js";
export * from "./selection/index.js";
export * from "./worker/index.js";
