export * as maze2d from "./maze2d/index.js";
