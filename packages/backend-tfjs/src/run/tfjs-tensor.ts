import type { HostTensor } from "@diffusion-forcing/core";
import type { DeviceTensor } from "@diffusion-forcing/core/backend";
import type { DType, Shape } from "@diffusion-forcing/core/graph";
import type { NativeTensor } from "../device/runtime.js";
import type { DeviceMemory } from "./device-memory.js";
import { disposedError } from "./failure.js";

/** A tensor in an engine's memory. Its elements never change. */
export class TfjsTensor implements DeviceTensor {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly device: string;
  readonly memory: DeviceMemory;
  readonly #native: NativeTensor;

  constructor(memory: DeviceMemory, native: NativeTensor, dtype: DType) {
    this.memory = memory;
    this.dtype = dtype;
    this.shape = native.shape;
    this.device = memory.session.engine;
    this.#native = native;
  }

  /** @throws `disposed`. */
  get native(): NativeTensor {
    if (!this.memory.isLive(this)) throw disposedError("This device tensor", "Keep it until its last use.");
    return this.#native;
  }

  /** @throws `disposed`, `backend-failure`. */
  async read(): Promise<HostTensor> {
    return this.memory.read(this.native, this.dtype, this.shape);
  }

  dispose(): void {
    this.memory.release(this, this.#native);
  }
}
