export * from "./bundle.js";
export * from "./config.js";
export * from "./frames.js";
export type { Plan } from "./plan.js";
export * from "./planner.js";
export * from "./planner-policy.js";
export * from "./presets.js";
export * from "./training-windows.js";
