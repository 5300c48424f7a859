import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CUDA_INSTALL_COMMAND, checkCudaFiles, nativeFolder } from "./cuda.js";

describe("checkCudaFiles", () => {
  it("refuses platforms without a CUDA build", () => {
    expect(() => checkCudaFiles("darwin-arm64", () => "/nowhere")).toThrow(
      'onnxruntime-node has CUDA on linux-x64 only; this is darwin-arm64. Use device "webgpu"',
    );
  });

  it("names the missing files and the command that fetches them", () => {
    const folder = mkdtempSync(join(tmpdir(), "cuda-"));
    try {
      writeFileSync(join(folder, "libonnxruntime_providers_shared.so"), "");
      expect(() => checkCudaFiles("linux-x64", () => folder)).toThrow(
        `(libonnxruntime_providers_cuda.so missing). Run: ${CUDA_INSTALL_COMMAND}`,
      );
      writeFileSync(join(folder, "libonnxruntime_providers_cuda.so"), "");
      expect(() => checkCudaFiles("linux-x64", () => folder)).not.toThrow();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("looks beside the installed package's own libraries", () => {
    expect(nativeFolder()).toMatch(/onnxruntime-node.bin.napi-v6.linux.x64$/);
  });
});
