export { decodeModel } from "./compile/proto/decode.js";
export type * from "./compile/proto/model.js";
export { printModel } from "./compile/proto/print.js";
export { type ToOnnxOptions, toOnnx } from "./compile/to-onnx.js";
export { type OnnxBackendOptions, onnxBackend, onnxProvider } from "./node/onnx-backend.js";
export type { OnnxDevice } from "./node/open-device.js";
