import type { RandomStream } from "../engine/random/index.js";

/** A stream that draws nothing but zeros: what a sampler is with its noise left out, the broken variant of many laws. */
export const silentStream: RandomStream = {
  nextUint32: () => 0,
  split: () => silentStream,
  fillNormal: () => {},
} as unknown as RandomStream;
