import type { Device } from "../device/device.js";
import type { Gpu } from "../device/gpu.js";
import { loadFailure } from "../device/loading.js";
import { openWebGpu, type WebGpuPlatform } from "../device/open-webgpu.js";

interface DawnModule {
  create(options: readonly string[]): Gpu;
  readonly globals: Readonly<Record<string, unknown>>;
}

/** Dawn's instance. It has to live as long as any of its devices, and one is enough. */
let dawn: Gpu | undefined;

/** WebGPU through the package `webgpu` (Dawn). */
export async function openNodeWebGpu(): Promise<Device> {
  const [core, webgpu, module] = await load();
  defineMissing(module.globals);
  dawn ??= module.create([]);
  const gpu = dawn;
  const platform: WebGpuPlatform = {
    gpu,
    withNavigator: (body) => withNavigator(gpu, body),
    advice:
      "Install a Vulkan driver (Linux: libvulkan1 and a driver; without a GPU, set VK_DRIVER_FILES to a software one).",
  };
  return openWebGpu(core, webgpu, platform);
}

async function load(): Promise<[core: object, webgpu: object, dawn: DawnModule]> {
  try {
    return [
      await import("@tensorflow/tfjs-core"),
      await import("@tensorflow/tfjs-backend-webgpu"),
      (await import("webgpu")) as unknown as DawnModule,
    ];
  } catch (cause) {
    throw loadFailure("webgpu", ["@tensorflow/tfjs-core", "@tensorflow/tfjs-backend-webgpu", "webgpu"], cause);
  }
}

/** TensorFlow.js refers to WebGPU's classes and flags as globals. */
function defineMissing(globals: DawnModule["globals"]): void {
  for (const [name, value] of Object.entries(globals)) {
    if (!(name in globalThis)) {
      Object.defineProperty(globalThis, name, { value, configurable: true, enumerable: false, writable: true });
    }
  }
}

/** Only as long as needed: other libraries take a page for what has a navigator. */
function withNavigator<T>(gpu: Gpu, body: () => T): T {
  const own = Object.getOwnPropertyDescriptor(globalThis, "navigator");
  Object.defineProperty(globalThis, "navigator", { value: { gpu }, configurable: true, writable: true });
  try {
    return body();
  } finally {
    if (own === undefined) Reflect.deleteProperty(globalThis, "navigator");
    else Object.defineProperty(globalThis, "navigator", own);
  }
}
