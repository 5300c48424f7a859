export * from "./dtype.js";
export { relativeDifference } from "./relative-difference.js";
export * from "./shape.js";
export * from "./tensor.js";
