export * from "./digits/moving-digits.js";
export * from "./dots/moving-dots.js";
export { type Dream, type DreamOptions, openDream } from "./dream.js";
export { type FloorPlan, floorPlan, gardenPlan } from "./maze/floor-plan.js";
export { type Pose, renderView } from "./maze/ray-caster.js";
export { type MazeVideos, mazeVideos } from "./maze/videos.js";
export { act, type MazeAction, mazeActions, randomPose } from "./maze/walker.js";
export { videoTask } from "./task.js";
