export type { TfjsDevice } from "./device/device.js";
export type { WasmPaths } from "./device/open-wasm.js";
export { type TfjsBackendOptions, tfjsBackend, tfjsProvider } from "./node/tfjs-backend.js";
