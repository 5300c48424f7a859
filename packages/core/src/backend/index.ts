export { cachedBackend } from "./compile-cache.js";
export * from "./contract.js";
export { checkRunInputs } from "./check-inputs.js";
