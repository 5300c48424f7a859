import { tensor } from "@diffusion-forcing/core";
import { readTensor } from "@diffusion-forcing/core/backend";
import { matmul, trace } from "@diffusion-forcing/core/graph";
import { expect, it } from "vitest";
import { onnxBackend } from "./onnx-backend.js";

it("runs on several threads of an isolated page, which later backends cannot change", async () => {
  expect((globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated).toBe(true);
  const backend = await onnxBackend({ device: "wasm", threads: 2 });
  expect(backend).toMatchObject({ name: "onnx", device: "wasm", version: expect.stringMatching(/^1\./) });
  const size = 128;
  const ones = tensor(new Float32Array(size * size).fill(1), [size, size]);
  const executable = await backend.compile(trace({ x: ones }, ({ x }) => ({ y: matmul(x, x) })));
  const { y } = await executable.run({ x: ones });
  expect((await readTensor(y!)).data.every((element) => element === size)).toBe(true);
  await expect(onnxBackend({ device: "wasm", threads: 1 })).rejects.toMatchObject({
    code: "invalid-argument",
    message: expect.stringContaining("threads is 1, but this page loaded ONNX Runtime with 2 before"),
  });
  await expect(onnxBackend({ device: "wasm", wasmPaths: "/elsewhere/" })).rejects.toMatchObject({
    code: "invalid-argument",
    message: expect.stringMatching(/wasmPaths is "\/elsewhere\/", but this page loaded ONNX Runtime with .+ before/),
  });
  const second = await onnxBackend({ device: "wasm" });
  await backend.dispose();
  await backend.dispose();
  const again = await second.compile(trace({ x: ones }, ({ x }) => ({ y: x })));
  expect((await again.run({ x: ones })).y).toMatchObject({ shape: [size, size] });
  await second.dispose();
});

it("takes a device by itself", async () => {
  const backend = await onnxBackend();
  expect(["wasm", "webgpu"]).toContain(backend.device);
  await backend.dispose();
});
