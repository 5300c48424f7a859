export { decodeModel } from "../compile/proto/decode.js";
export type * from "../compile/proto/model.js";
export { printModel } from "../compile/proto/print.js";
export { type ToOnnxOptions, toOnnx } from "../compile/to-onnx.js";
export type { OnnxBackendOptions, OnnxDevice, WasmPaths } from "../device/options.js";
export { onnxBackend, onnxProvider } from "./onnx-backend.js";
