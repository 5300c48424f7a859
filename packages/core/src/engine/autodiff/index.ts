export { checkpoint } from "./checkpoint.js";
export { type GradientOptions, gradient } from "./gradient.js";
