import type { Device } from "./device.js";
import { Kernels } from "./kernels.js";
import { exportsOf, loadFailure } from "./loading.js";
import type { NativeBackend, TfjsCore } from "./runtime.js";

interface CpuModule {
  readonly MathBackendCPU: new () => NativeBackend & { firstUse: boolean };
}

/** Kernels in plain JavaScript. Each device has a native backend of its own. */
export async function openCpu(): Promise<Device> {
  const [core, cpu] = await load();
  const tfjs = exportsOf<TfjsCore>(core, "getKernel");
  const native = new (exportsOf<CpuModule>(cpu, "MathBackendCPU").MathBackendCPU)();
  // Else the first upload prints advice to install TensorFlow.js's native package.
  native.firstUse = false;
  return {
    name: "cpu",
    version: tfjs.version_core,
    kernels: new Kernels(tfjs, "cpu", native),
    lost: () => undefined,
    compute: async (burst) => burst(),
    close: () => native.dispose(),
  };
}

async function load(): Promise<[core: object, cpu: object]> {
  try {
    return [await import("@tensorflow/tfjs-core"), await import("@tensorflow/tfjs-backend-cpu")];
  } catch (cause) {
    throw loadFailure("cpu", ["@tensorflow/tfjs-core", "@tensorflow/tfjs-backend-cpu"], cause);
  }
}
