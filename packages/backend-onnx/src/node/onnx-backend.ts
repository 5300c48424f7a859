import { type Backend, isDiffusionForcingError } from "@diffusion-forcing/core";
import type { BackendProvider } from "@diffusion-forcing/core/backend";
import { checkOptions } from "../device/check-options.js";
import type { Device } from "../device/device.js";
import { OnnxBackend } from "../run/backend.js";
import { loadRuntime, type NodeRuntime } from "./load-runtime.js";
import { type DeviceOptions, devices, type OnnxDevice, openDevice } from "./open-device.js";

export interface OnnxBackendOptions {
  /**
   * - "cpu": everywhere.
   * - "cuda": Linux x64 with an NVIDIA GPU and the CUDA provider installed; tensors return to the host.
   * - "webgpu": any GPU with a driver (Vulkan, Metal, Direct3D 12); state stays on the device. A run blocks the
   *   event loop, as on the CPU.
   * - "auto" (the default): "cuda" if its provider is installed and works, else "cpu". WebGPU is not taken by itself:
   *   in Node nothing tells a GPU from a driver that computes on the CPU.
   */
  readonly device?: OnnxDevice | "auto";
  /** CPU threads of each operator. Default: all cores. */
  readonly threads?: number;
  /** Options of ONNX Runtime's `InferenceSession.create`, which override this package's. */
  readonly sessionOptions?: Readonly<Record<string, unknown>>;
}

/**
 * A backend on onnxruntime-node: each graph becomes one ONNX model and one inference session.
 *
 * @throws `missing-dependency` if onnxruntime-node is not installed; `backend-unavailable` if its library or the
 *   device is not there; `invalid-argument` for a thread count that is no positive integer.
 */
export async function onnxBackend(options: OnnxBackendOptions = {}): Promise<Backend> {
  const { device = "auto", threads, sessionOptions = {} } = options;
  checkOptions(device, devices, threads);
  const runtime = await loadRuntime();
  const deviceOptions = { threads, sessionOptions };
  const opened = device === "auto" ? openFastest(runtime, deviceOptions) : openDevice(device, runtime, deviceOptions);
  return new OnnxBackend(await opened);
}

async function openFastest(runtime: NodeRuntime, options: DeviceOptions): Promise<Device> {
  try {
    return await openDevice("cuda", runtime, options);
  } catch (error) {
    if (!isDiffusionForcingError(error, "backend-unavailable")) throw error;
    return openDevice("cpu", runtime, options);
  }
}

/** The devices of ONNX Runtime in Node, for `selectBackend`. */
export const onnxProvider: BackendProvider = {
  name: "onnx",
  devices,
  open: (device) => onnxBackend({ device: device as OnnxDevice }),
};
