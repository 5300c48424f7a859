export * as maze2d from "./maze2d/index.js";
export * as pictures from "./pictures/index.js";
export * as video from "./video/index.js";
