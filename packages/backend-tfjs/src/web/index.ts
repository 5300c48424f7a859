export type { WasmPaths } from "../device/open-wasm.js";
export type { TfjsWebDevice } from "./open-device.js";
export { type TfjsBackendOptions, tfjsBackend, tfjsProvider } from "./tfjs-backend.js";
