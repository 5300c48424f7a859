/** The contract of a backend, selection at run time, and a backend in another thread. */
export * from "../engine/backend/index.js";
export { breathe } from "../engine/breathe.js";
export { check, checkOptions, schemas } from "../engine/check.js";
export { checkChoice } from "../engine/choice.js";
export { describe } from "../engine/describe.js";
export { throwIfAborted } from "../engine/errors.js";
export { referenceBackend, referenceProvider } from "../engine/reference/backend.js";
export { relativeDifference } from "../engine/tensor/relative-difference.js";
export * from "../engine/tensor/tensor.js";
