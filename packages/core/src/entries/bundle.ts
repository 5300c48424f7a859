/** Models as files, where they come from and go to, and codecs between the user's data and tokens. */
export * from "../bundle/index.js";
export * from "../codecs/index.js";
