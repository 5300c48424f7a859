export * from "./demonstrations.js";
export * from "./episodes.js";
export * from "./expert.js";
export * from "./fruit-swap.js";
export * from "./policy.js";
export * from "./render.js";
export * from "./storyboard.js";
export { imitationTask } from "./task.js";
export * from "./view.js";
