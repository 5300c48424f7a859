export { gradient } from "./gradient.js";
