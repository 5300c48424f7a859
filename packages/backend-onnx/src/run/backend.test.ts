import { zeros } from "@diffusion-forcing/core";
import { matmul, trace } from "@diffusion-forcing/core/graph";
import { describe, expect, it } from "vitest";
import type { Device } from "../device/device.js";
import type { DeviceWriter } from "../device/device-writer.js";
import type { Runtime, RuntimeTensor } from "../device/runtime.js";
import { Turns } from "../device/turns.js";
import { OnnxBackend } from "./backend.js";

/** A GPU whose buffers and sessions are counted. The buffer of that number cannot be had; a lost one frees none. */
function gpu({ failsAt = Number.POSITIVE_INFINITY, lost = false } = {}) {
  const live = { buffers: 0, sessions: 0 };
  const fed: string[][] = [];
  let written = 0;
  const write = async (): Promise<RuntimeTensor> => {
    if (++written === failsAt) throw new Error("out of memory");
    live.buffers++;
    const dispose = (): void => {
      live.buffers--;
      if (lost) throw new Error("no such buffer");
    };
    return { location: "gpu-buffer", data: undefined, getData: async () => undefined, dispose };
  };
  const create = async (): ReturnType<Runtime["InferenceSession"]["create"]> => {
    live.sessions++;
    return {
      run: async (feeds: object) => {
        fed.push(Object.keys(feeds).sort());
        return { y: { location: "cpu", data: new Float32Array(128) } as RuntimeTensor };
      },
      release: async () => void live.sessions--,
    };
  };
  const device: Device = {
    name: "webgpu",
    runtime: { InferenceSession: { create }, Tensor: class {} as unknown as Runtime["Tensor"] },
    version: "1.99.0",
    target: "webgpu",
    sessionOptions: {},
    outputs: "device",
    turns: new Turns(),
    writer: { write, dispose: async () => {} } as unknown as DeviceWriter,
  };
  return { backend: new OnnxBackend(device), live, fed };
}

const square = { dtype: "float32", shape: [128, 128] } as const;
const small = { dtype: "float32", shape: [128, 4] } as const;
const graph = trace({ x: { dtype: "float32", shape: [1, 128] }, a: square, b: square, c: small }, ({ x, a, b, c }) => ({
  y: matmul(matmul(matmul(matmul(x, a), b), c), matmul(x, c), { transposeA: true }),
}));
const constants = {
  a: zeros("float32", square.shape),
  b: { ...zeros("float32", square.shape), data: new Float32Array(128 * 128).fill(1) },
  c: { ...zeros("float32", small.shape), data: new Float32Array(128 * 4).fill(2) },
};
const x = zeros("float32", [1, 128]);

describe("weights on a GPU", () => {
  it("are buffers that every run is fed, the large ones, and that go with the executable", async () => {
    const { backend, live, fed } = gpu();
    const executable = await backend.compile(graph, { constants });
    expect(live).toEqual({ buffers: 2, sessions: 1 });
    await executable.run({ x });
    await executable.run({ x });
    expect(fed.map((names) => [names.length, names.includes("x")])).toEqual([
      [3, true],
      [3, true],
    ]);
    executable.dispose();
    await backend.dispose();
    expect(live).toEqual({ buffers: 0, sessions: 0 });
  });

  it("that cannot all be had leave nothing behind", async () => {
    const { backend, live } = gpu({ failsAt: 2 });
    await expect(backend.compile(graph, { constants })).rejects.toMatchObject({
      code: "backend-failure",
      message: expect.stringContaining("out of memory"),
    });
    expect(live).toEqual({ buffers: 0, sessions: 0 });
  });

  it("that a lost GPU cannot free keep neither each other nor the session, and hide no error", async () => {
    const { backend, live } = gpu({ lost: true });
    (await backend.compile(graph, { constants })).dispose();
    await backend.dispose();
    expect(live).toEqual({ buffers: 0, sessions: 0 });
    const failing = gpu({ lost: true, failsAt: 2 });
    await expect(failing.backend.compile(graph, { constants })).rejects.toThrow("out of memory");
    expect(failing.live).toEqual({ buffers: 0, sessions: 0 });
  });

  it("go with a backend that is disposed while they are brought", async () => {
    const { backend, live } = gpu();
    const compiling = backend.compile(graph, { constants });
    const refused = expect(compiling).rejects.toMatchObject({ code: "disposed" });
    await backend.dispose();
    await refused;
    expect(live).toEqual({ buffers: 0, sessions: 0 });
  });
});
