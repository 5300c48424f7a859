export { encodeGif } from "./gif.js";
export type { Frame, Pixels } from "./pixels.js";
export * from "./png.js";
export { niceTicks } from "./ticks.js";
export * from "./videos.js";
