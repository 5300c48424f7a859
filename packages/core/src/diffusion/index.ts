export {
  addNoise,
  atLevel,
  forwardMoments,
  noiseFromX0,
  posterior,
  velocity,
  x0FromNoise,
  x0FromVelocity,
} from "./conversions.js";
export * from "./loss.js";
export * from "./loss-weight.js";
export * from "./noise-levels.js";
export * from "./objective.js";
export * from "./planning-levels.js";
export * from "./sampling-levels.js";
export * from "./schedule.js";
export type { ScheduleTables } from "./schedule-tables.js";
