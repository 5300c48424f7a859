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

  it("refuses a device that is not of this platform, and options that do not exist or cannot be", async () => {
    await expect(onnxBackend({ device: "tpu" as "cpu" })).rejects.toMatchObject({
      code: "backend-unavailable",
      message: expect.stringContaining('expected "auto", "cuda", "webgpu", "cpu", "wasm"'),
    });
    const wrong: [object, string][] = [
      [{ threads: 0 }, "threads is 0; expected a whole number from 1"],
      [{ threads: 1.5 }, "threads is 1.5"],
      [{ spinning: "no" }, 'spinning is "no"; expected true or false'],
      [{ wasmPaths: { wsam: "x" } }, "wasmPaths is"],
      [{ sessionOptions: 3 }, "sessionOptions is 3"],
      [{ thread: 1 }, "there is no option thread. The known ones are device, threads, spinning"],
    ];
    for (const [options, message] of wrong) {
      await expect(onnxBackend(options)).rejects.toMatchObject({
        code: "invalid-argument",
        message: expect.stringContaining(message),
      });
    }
  });

  it("runs in WebAssembly too, where the native package cannot be", async () => {
    const backend = await onnxBackend({ device: "wasm" });
    expect(backend).toMatchObject({ name: "onnx", device: "wasm", version: expect.stringMatching(/^1\./) });
    const executable = await backend.compile(trace({ x: tensor([-1, 2]) }, ({ x }) => ({ y: relu(x) })));
    expect((await executable.run({ x: tensor([-1, 2]) })).y).toEqual(tensor([0, 2]));
    await backend.dispose();
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
