export { type Heard, hear, type OpenSeparator, openSeparator, separateCodes, soundsOf } from "./separate-audio.js";
export { type Sounds, type Sources, sourcesOf } from "./sources.js";
export { separationTask } from "./task.js";
export { readWav, writeWav } from "./wav.js";
