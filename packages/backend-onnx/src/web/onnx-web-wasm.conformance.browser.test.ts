import { testBackend } from "@diffusion-forcing/core/testing";
import { afterAll, describe, it } from "vitest";
import { pageBytes } from "../../../../tools/test-devices/page-bytes.js";
import { onnxBackend } from "./onnx-backend.js";

// One thread: Chromium's measurement of memory waits for every worker, and idle threads of WebAssembly never answer.
// onnx-backend.onnx-web-wasm.browser.test.ts runs on several.
testBackend("onnx-web-wasm", () => onnxBackend({ device: "wasm", threads: 1 }), {
  describe,
  it,
  afterAll,
  residentBytes: pageBytes,
});
