export { decodeModel } from "../compile/proto/decode.js";
export type * from "../compile/proto/model.js";
export { printModel } from "../compile/proto/print.js";
export { type ToOnnxOptions, toOnnx } from "../compile/to-onnx.js";
export type { WasmPaths } from "./load-runtime.js";
export { type OnnxBackendOptions, onnxBackend, onnxProvider } from "./onnx-backend.js";
export type { OnnxWebDevice } from "./open-device.js";
