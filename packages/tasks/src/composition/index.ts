export * from "./compose.js";
export * from "./crosses.js";
export * from "./picture.js";
export * from "./shapes.js";
export { compositionTask } from "./task.js";
export * from "./training-levels.js";
