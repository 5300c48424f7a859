export {
  addNoise,
  atLevel,
  forwardMoments,
  noiseFromX0,
  posterior,
  velocity,
  x0FromNoise,
  x0FromVelocity,
} from "./gaussian/conversions.js";
export * from "./gaussian/loss-weight.js";
export * from "./gaussian/objective.js";
export * from "./gaussian/schedule.js";
export type { ScheduleTables } from "./gaussian/schedule-tables.js";
export * from "./loss.js";
export * from "./noise-levels.js";
export * from "./sampling-levels.js";
