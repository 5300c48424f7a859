import * as util from "node:util";
import { DiffusionForcingError } from "@diffusion-forcing/core";
import type { Device } from "../device/device.js";
import { Kernels } from "../device/kernels.js";
import { exportsOf, loadFailure } from "../device/loading.js";
import type { NativeBackend, TfjsCore } from "../device/runtime.js";

/** The native backend of `@tensorflow/tfjs-node`. */
interface TensorFlowBackend extends NativeBackend {
  readonly isUsingGpuDevice?: boolean;
}

/** What is asked of the world around, which tests replace: the native library cannot be installed everywhere. */
export interface NativeHost {
  /** Imports TensorFlow.js, which the package registers its kernels with, then the package. */
  load(name: string): Promise<{ readonly core: object; readonly node: object }>;
  readonly nodeVersion: string;
  /** Whether Node still has the helpers that version 4.22 of the packages calls. */
  readonly hasOldHelpers: boolean;
}

const host: NativeHost = {
  load: async (name) => {
    // In a variable, so that neither TypeScript nor a bundler looks for a package that most do not have.
    const core = await import("@tensorflow/tfjs-core");
    return { core, node: await import(/* @vite-ignore */ /* webpackIgnore: true */ name) };
  },
  nodeVersion: process.versions.node,
  hasOldHelpers: typeof (util as { isNullOrUndefined?: unknown }).isNullOrUndefined === "function",
};

/** TensorFlow's name for its native backend. */
const BACKEND = "tensorflow";

/**
 * Kernels of TensorFlow's native library, on the CPU ("node") or through CUDA ("node-gpu").
 *
 * @throws `missing-dependency`; `backend-unavailable` for a Node the packages do not run on, for a library that does not
 *   load, and for "node-gpu" where the library found no GPU.
 */
export async function openNative(
  device: "node" | "node-gpu",
  { load, nodeVersion, hasOldHelpers }: NativeHost = host,
): Promise<Device> {
  const name = device === "node" ? "@tensorflow/tfjs-node" : "@tensorflow/tfjs-node-gpu";
  if (!hasOldHelpers) {
    throw new DiffusionForcingError(
      "backend-unavailable",
      `tfjsBackend: ${name} 4.22 calls util.isNullOrUndefined, which Node ${nodeVersion} no longer has. Use Node 20 or 22, or another device.`,
    );
  }
  const { core } = await load(name).catch((cause: unknown) => {
    throw loadFailure(device, ["@tensorflow/tfjs-core", name], cause);
  });
  const tfjs = exportsOf<TfjsCore>(core, "getKernel");
  const native = (tfjs.engine().registry[BACKEND] ?? (await tfjs.findBackendFactory(BACKEND)?.())) as
    | TensorFlowBackend
    | undefined;
  if (native === undefined) {
    throw new DiffusionForcingError(
      "backend-unavailable",
      `tfjsBackend: ${name} is installed, but its backend belongs to another copy of @tensorflow/tfjs-core. Install one version of each: npm install @tensorflow/tfjs-core@4.22.0 ${name}@4.22.0`,
    );
  }
  if (device === "node-gpu" && native.isUsingGpuDevice !== true) {
    throw new DiffusionForcingError(
      "backend-unavailable",
      `tfjsBackend: ${name} found no GPU. It needs an NVIDIA driver, CUDA 11 and cuDNN 8 on the library path; see "nvidia-smi".`,
    );
  }
  return {
    name: device,
    version: tfjs.version_core,
    kernels: new Kernels(tfjs, BACKEND, native),
    lost: () => undefined,
    compute: async (burst) => burst(),
    // TensorFlow.js uses the one native backend by this name too.
    close: () => {},
  };
}
