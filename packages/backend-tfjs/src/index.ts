export type { TfjsEngine } from "./engine.js";
