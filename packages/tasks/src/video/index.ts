export * from "./moving-dots.js";
export { movingDotsTask } from "./task.js";
