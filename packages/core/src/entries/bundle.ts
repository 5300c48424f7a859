export * from "../bundle/index.js";
export * from "../codecs/frame-codec.js";
