import { DiffusionForcingError, type HostTensor } from "@diffusion-forcing/core";
import type { DeviceTensor } from "@diffusion-forcing/core/backend";
import type { DType, Shape, TensorType } from "@diffusion-forcing/core/graph";
import { checkDevice, type Device, untilLost } from "../device/device.js";
import { backendFailure } from "../device/failure.js";
import { disposeAll, type RuntimeTensor } from "../device/runtime.js";
import type { HeldSession } from "./held-session.js";

/** The GPU buffers that one backend has handed out and that are not yet disposed; they go with the backend. */
export class DeviceMemory {
  readonly device: Device;
  readonly #live = new Set<OnnxDeviceTensor>();

  constructor(device: Device) {
    this.device = device;
  }

  /** Tensors not yet disposed. */
  get count(): number {
    return this.#live.size;
  }

  /** A result of `session`, which lives at least as long. */
  adopt(native: RuntimeTensor, type: TensorType, session: HeldSession): DeviceTensor {
    session.hold();
    const tensor = new OnnxDeviceTensor(this, native, type, () => {
      this.#live.delete(tensor);
      const free = async (): Promise<void> => {
        disposeAll([native]);
        await session.letGo();
      };
      this.device.turns.take(free).catch(() => {});
    });
    this.#live.add(tensor);
    return tensor;
  }

  disposeAll(): void {
    for (const tensor of this.#live) tensor.dispose();
  }
}

/** A result in a GPU buffer. Work asked for before its disposal still reads it. */
export class OnnxDeviceTensor implements DeviceTensor {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly device: string;
  readonly memory: DeviceMemory;
  #native: RuntimeTensor | undefined;
  readonly #onDispose: () => void;

  constructor(memory: DeviceMemory, native: RuntimeTensor, { dtype, shape }: TensorType, onDispose: () => void) {
    this.dtype = dtype;
    this.shape = shape;
    this.device = `onnx/${memory.device.name}`;
    this.memory = memory;
    this.#native = native;
    this.#onDispose = onDispose;
  }

  /** The runtime's tensor. @throws `disposed` */
  native(doing: string): RuntimeTensor {
    if (this.#native !== undefined) return this.#native;
    throw new DiffusionForcingError(
      "disposed",
      `${doing}: this device tensor has been disposed. Keep it until its last use.`,
    );
  }

  async read(): Promise<HostTensor> {
    const { dtype, shape, memory } = this;
    const native = this.native("read");
    const { device } = memory;
    return device.turns.take(async () => {
      checkDevice(device);
      try {
        const reading = device.reader?.read(native, dtype, shape);
        return { dtype, shape, data: await (reading && untilLost(device, reading)) } as HostTensor;
      } catch (cause) {
        checkDevice(device);
        throw backendFailure("reading", device.name, cause);
      }
    });
  }

  dispose(): void {
    if (this.#native === undefined) return;
    this.#native = undefined;
    this.#onDispose();
  }
}
