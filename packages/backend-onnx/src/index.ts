export { type OnnxBackendOptions, type OnnxDevice, onnxBackend } from "./node/onnx-backend.js";
export { decodeModel } from "./proto/decode.js";
export type * from "./proto/model.js";
export { toOnnx, type ToOnnxOptions } from "./to-onnx.js";
