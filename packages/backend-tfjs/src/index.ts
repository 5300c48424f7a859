export type { TfjsEngine } from "./engine.js";
export type { WasmPaths } from "./engines/open-wasm.js";
export { type TfjsBackendOptions, tfjsBackend, tfjsProvider } from "./node/tfjs-backend.js";
