import { tensor } from "@diffusion-forcing/core";
import { relu, trace } from "@diffusion-forcing/core/graph";
import { describe, expect, it } from "vitest";
import { loadRuntime } from "./load-runtime.js";
import { onnxBackend } from "./onnx-backend.js";

describe("onnxBackend", () => {
  it("says what it is", async () => {
    const backend = await onnxBackend({ threads: 1 });
    expect(backend).toMatchObject({
      specVersion: 1,
      name: "onnx",
      device: "cpu",
      capabilities: { deviceTensors: false },
    });
    await backend.dispose();
  });

  it("refuses devices and thread counts that do not exist", async () => {
    await expect(onnxBackend({ device: "tpu" as "cpu" })).rejects.toMatchObject({
      code: "backend-unavailable",
      message: expect.stringContaining('expected "auto", "cuda", "webgpu", "cpu"'),
    });
    for (const threads of [0, 1.5]) {
      await expect(onnxBackend({ threads })).rejects.toMatchObject({ code: "invalid-argument" });
    }
  });

  it("disposes its executables and compiles no more", async () => {
    const backend = await onnxBackend();
    const graph = trace({ x: tensor([1]) }, ({ x }) => ({ y: relu(x) }));
    const executable = await backend.compile(graph);
    await backend.dispose();
    await expect(executable.run({ x: tensor([1]) })).rejects.toMatchObject({ code: "disposed" });
    await expect(backend.compile(graph)).rejects.toMatchObject({ code: "disposed" });
  });
});

describe("loadRuntime", () => {
  it("names the package and the command when it is not installed", async () => {
    const missing = async () => {
      throw Object.assign(new Error("Cannot find package 'onnxruntime-node'"), { code: "ERR_MODULE_NOT_FOUND" });
    };
    await expect(loadRuntime(missing)).rejects.toMatchObject({
      code: "missing-dependency",
      message: expect.stringContaining("npm install onnxruntime-node"),
    });
  });

  it("tells a library that does not load from a package that is not there", async () => {
    const broken = async () => {
      throw new Error("libonnxruntime.so.1: cannot open shared object file");
    };
    await expect(loadRuntime(broken)).rejects.toMatchObject({
      code: "backend-unavailable",
      message: expect.stringContaining("libonnxruntime.so.1"),
    });
  });
});
