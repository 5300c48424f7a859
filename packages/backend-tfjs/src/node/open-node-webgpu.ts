import type { Gpu } from "../device/gpu.js";
import { importOptional } from "../device/import-optional.js";
import { openWebGpu, type WebGpuPlatform } from "../device/open-webgpu.js";
import type { Session } from "../device/session.js";

interface DawnModule {
  create(options: readonly string[]): Gpu;
  readonly globals: Readonly<Record<string, unknown>>;
}

/** Dawn's instance. It has to live as long as any of its devices, and one is enough. */
let dawn: Gpu | undefined;

/** WebGPU through the package `webgpu` (Dawn). */
export async function openNodeWebGpu(): Promise<Session> {
  const packages = ["@tensorflow/tfjs-core", "@tensorflow/tfjs-backend-webgpu", "webgpu"];
  const [core, webgpu, module] = await importOptional({ engine: "webgpu", packages }, () =>
    Promise.all([
      import("@tensorflow/tfjs-core"),
      import("@tensorflow/tfjs-backend-webgpu"),
      import("webgpu") as unknown as Promise<DawnModule>,
    ]),
  );
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
