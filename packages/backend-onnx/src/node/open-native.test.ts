import { describe, expect, it } from "vitest";
import type { RuntimeSession } from "../device/runtime.js";
import type { FreeCores } from "./free-cores.js";
import type { NodeRuntime } from "./load-runtime.js";
import { openNative } from "./open-native.js";

const options = {};

/** A runtime with the providers given; opening a session fails with `failure`, if there is one. */
function standIn(providers: readonly string[], failure?: string): NodeRuntime & { readonly released: () => number } {
  let released = 0;
  const session = { run: async () => ({}), release: async () => void released++ } as RuntimeSession;
  return {
    env: { versions: { node: "1.99.0" } },
    listSupportedBackends: () => providers.map((name) => ({ name, bundled: true })),
    Tensor: class {} as unknown as NodeRuntime["Tensor"],
    InferenceSession: {
      create: async () => {
        if (failure !== undefined) throw new Error(failure);
        return session;
      },
    },
    released: () => released,
  };
}

describe("openNative", () => {
  it("keeps the results of webgpu on the device and those of cpu on the host", async () => {
    const runtime = standIn(["cpu", "webgpu"]);
    const gpu = await openNative("webgpu", runtime, { ...options, sessionOptions: { logSeverityLevel: 0 } });
    expect(gpu).toMatchObject({ name: "webgpu", version: "1.99.0", target: "webgpu", outputs: "device" });
    expect(gpu.sessionOptions).toMatchObject({ executionProviders: ["webgpu"], logSeverityLevel: 0 });
    await gpu.close?.();
    expect(runtime.released()).toBe(1);
    expect(await openNative("cpu", runtime, options)).toMatchObject({ target: "cpu", outputs: "preallocated" });
    expect(gpu.inPlace).toBeUndefined();
  });

  it("opens large models on the cpu without an arena, unless the caller decides", async () => {
    const tensor = {
      name: "w",
      elementType: "float32",
      shape: [1],
      bytes: new Uint8Array(4),
      location: "w.bin",
    } as const;
    const optionsFor = async (sessionOptions: Record<string, unknown>) => {
      const device = await openNative("cpu", standIn(["cpu"]), { sessionOptions });
      const handed = await device.handOver?.([tensor]);
      await handed?.release();
      return [handed?.options, device.inPlace];
    };
    const files = { extra: { session: { model_external_initializers_file_folder_path: expect.any(String) } } };
    const none = { enableCpuMemArena: false, enableMemPattern: false };
    expect(await optionsFor({})).toEqual([{ ...none, ...files }, none]);
    expect(await optionsFor({ enableCpuMemArena: true })).toEqual([files, {}]);
  });

  it("lets threads spin while their cores are free, unless the caller decides", async () => {
    const runtime = standIn(["cpu"]);
    const asked: number[] = [];
    let free = true;
    const coresFor = (threads: number): FreeCores => {
      asked.push(threads);
      return { suffice: () => free } as FreeCores;
    };
    const spins = (value: string) => ({ extra: { session: { intra_op: { allow_spinning: value } } } });
    const { sessionOptions, variant } = await openNative("cpu", runtime, { threads: 3 }, coresFor);
    expect(sessionOptions).toMatchObject({ intraOpNumThreads: 3 });
    expect(variant?.()).toMatchObject(spins("1"));
    free = false;
    expect(variant?.()).toMatchObject(spins("0"));
    expect(variant?.()).toBe(variant?.());
    expect(asked).toEqual([3]);
    const fixed = await openNative("cpu", runtime, { spinning: false }, coresFor);
    expect(fixed.variant).toBeUndefined();
    expect(fixed.sessionOptions).toMatchObject(spins("0"));
    const own = await openNative("cpu", runtime, { sessionOptions: { extra: { session: {} } } }, coresFor);
    expect(own.variant).toBeUndefined();
    expect(own.sessionOptions.extra).toEqual({ session: {} });
  });

  it("refuses a provider that this platform's build lacks, instead of running on the CPU", async () => {
    await expect(openNative("webgpu", standIn(["cpu", "coreml"]), options)).rejects.toMatchObject({
      code: "backend-unavailable",
      message: expect.stringContaining("has no webgpu; it has cpu, coreml"),
    });
  });

  it("says what a device needs that does not open, with the runtime's reason", async () => {
    await expect(openNative("webgpu", standIn(["webgpu"], "No supported adapters"), options)).rejects.toMatchObject({
      code: "backend-unavailable",
      message: expect.stringMatching(/No supported adapters.*Vulkan driver/s),
      cause: expect.any(Error),
    });
  });

  it("refuses cuda where its provider is not installed", async () => {
    await expect(openNative("cuda", standIn(["cpu", "cuda"]), options)).rejects.toMatchObject({
      code: "backend-unavailable",
      message: expect.stringMatching(/ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild|linux-x64 only/),
    });
  });
});
