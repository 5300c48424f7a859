export { decodeModel } from "../proto/decode.js";
export type * from "../proto/model.js";
export { printModel } from "../proto/print.js";
export { type ToOnnxOptions, toOnnx } from "../to-onnx.js";
export type { WasmPaths } from "./load-runtime.js";
export { type OnnxBackendOptions, onnxBackend, onnxProvider } from "./onnx-backend.js";
export type { OnnxWebDevice } from "./open-device.js";
