export { type OnnxBackendOptions, onnxBackend, onnxProvider } from "./node/onnx-backend.js";
export type { OnnxDevice } from "./node/open-device.js";
export { decodeModel } from "./proto/decode.js";
export type * from "./proto/model.js";
export { printModel } from "./proto/print.js";
export { type ToOnnxOptions, toOnnx } from "./to-onnx.js";
