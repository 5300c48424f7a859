export { type OnnxBackendOptions, type OnnxDevice, onnxBackend } from "./node/onnx-backend.js";
export { decodeModel } from "./proto/decode.js";
export type * from "./proto/model.js";
export { printModel } from "./proto/print.js";
export { type ToOnnxOptions, toOnnx } from "./to-onnx.js";
