export * as composition from "./composition/index.js";
export * as imitation from "./imitation/index.js";
export * as maze2d from "./maze2d/index.js";
export * as pictures from "./pictures/index.js";
export * from "./task.js";
export { tasks } from "./task-list.js";
export * from "./task-options.js";
export * from "./task-report.js";
export * as video from "./video/index.js";
