import { afterAll, beforeAll, expect, it } from "vitest";
import { loadRuntime } from "../node/load-runtime.js";
import { openNative } from "../node/open-native.js";
import type { Device } from "./device.js";

let device: Device;
beforeAll(async () => {
  device = await openNative("webgpu", await loadRuntime(), {});
});
afterAll(async () => {
  await device.reader?.dispose();
  await device.writer?.dispose();
  await device.close?.();
});

it("fills GPU buffers, each with elements and a shape of its own, that stay as the host's change", async () => {
  const data = Float32Array.of(1, 2, 3, 4, 5, 6);
  const matrix = await device.writer!.write(data, [2, 3]);
  data.fill(7);
  const vector = await device.writer!.write(data, [6]);
  expect([matrix.location, vector.location]).toEqual(["gpu-buffer", "gpu-buffer"]);
  expect(await device.reader!.read(matrix, "float32", [2, 3])).toEqual(Float32Array.of(1, 2, 3, 4, 5, 6));
  expect(await device.reader!.read(vector, "float32", [6])).toEqual(Float32Array.of(7, 7, 7, 7, 7, 7));
  matrix.dispose();
  vector.dispose();
});
