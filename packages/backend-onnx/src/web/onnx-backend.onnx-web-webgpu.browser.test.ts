import { tensor } from "@diffusion-forcing/core";
import { type DeviceTensor, readTensor } from "@diffusion-forcing/core/backend";
import { mul, sum, trace } from "@diffusion-forcing/core/graph";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { GpuAdapter, GpuDevice } from "./gpu.js";
import { onnxBackend } from "./onnx-backend.js";

const doubling = trace({ x: tensor([1, 2, 3]) }, ({ x }) => ({ x: mul(x, 2), total: sum(x) }));
const x = tensor([1, 2, 3]);

/** The devices that backends ask for from here on. */
function watchDevices(): GpuDevice[] {
  const devices: GpuDevice[] = [];
  const { prototype } = (globalThis as unknown as { GPUAdapter: { prototype: GpuAdapter } }).GPUAdapter;
  const { requestDevice } = prototype;
  vi.spyOn(prototype, "requestDevice").mockImplementation(async function (this: GpuAdapter, descriptor) {
    const device = await requestDevice.call(this, descriptor);
    devices.push(device);
    return device;
  });
  return devices;
}
afterEach(() => vi.restoreAllMocks());

describe("losing the device", () => {
  it("fails what needs it with the reason, spares other backends, and a new backend can be made", async () => {
    const devices = watchDevices();
    const doomed = await onnxBackend({ device: "webgpu" });
    const other = await onnxBackend({ device: "webgpu" });
    const executable = await doomed.compile(doubling);
    const spared = await other.compile(doubling);
    const state = (await executable.run({ x })).x as DeviceTensor;
    devices[0]?.destroy();
    const lost = { code: "backend-failure", message: expect.stringContaining("the GPU device is lost") };
    await expect(executable.run({ x: state })).rejects.toMatchObject(lost);
    await expect(state.read()).rejects.toMatchObject(lost);
    await expect(doomed.compile(doubling)).rejects.toMatchObject(lost);
    expect(await readTensor((await spared.run({ x })).x!)).toEqual(tensor([2, 4, 6]));
    await doomed.dispose();
    await doomed.dispose();
    await expect(executable.run({ x })).rejects.toMatchObject({ code: "disposed" });

    const fresh = await onnxBackend({ device: "webgpu" });
    const outputs = await (await fresh.compile(doubling)).run({ x });
    expect(await readTensor(outputs.x!)).toEqual(tensor([2, 4, 6]));
    await fresh.dispose();
    await other.dispose();
  });

  it("also while runs are under way", async () => {
    const devices = watchDevices();
    const backend = await onnxBackend({ device: "webgpu" });
    const executable = await backend.compile(doubling);
    await executable.run({ x });
    const runs = Promise.allSettled(Array.from({ length: 20 }, () => executable.run({ x })));
    devices[0]?.destroy();
    const results = await runs;
    for (const result of results) {
      if (result.status === "rejected") expect(result.reason).toMatchObject({ code: "backend-failure" });
    }
    expect(results.some(({ status }) => status === "rejected")).toBe(true);
    await backend.dispose();
  });
});

describe("state on the device", () => {
  it("can be read between runs and goes on from there", async () => {
    const backend = await onnxBackend({ device: "webgpu" });
    const executable = await backend.compile(doubling);
    let state = (await executable.run({ x })).x as DeviceTensor;
    for (let i = 0; i < 3; i++) {
      await state.read();
      const next = (await executable.run({ x: state })).x as DeviceTensor;
      state.dispose();
      state = next;
    }
    expect(await state.read()).toEqual(tensor([16, 32, 48]));
    await backend.dispose();
    await expect(state.read()).rejects.toMatchObject({ code: "disposed" });
  });
});
