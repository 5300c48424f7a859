import type { Shape } from "@diffusion-forcing/core/graph";
import { IdentitySessions } from "./identity-sessions.js";
import type { Runtime, RuntimeTensor, SessionOptions } from "./runtime.js";

/** Copies elements of the host into GPU buffers, the caller's to dispose of. Callers hold the device's turn. */
export class DeviceWriter {
  readonly #runtime: Runtime;
  readonly #sessions: IdentitySessions;

  constructor(runtime: Runtime, options: SessionOptions) {
    this.#runtime = runtime;
    this.#sessions = new IdentitySessions(runtime, options, "gpu-buffer");
  }

  write(data: Float32Array, shape: Shape): Promise<RuntimeTensor> {
    return this.#sessions.copy(new this.#runtime.Tensor("float32", data, shape), "float32", shape.length);
  }

  dispose(): Promise<void> {
    return this.#sessions.dispose();
  }
}
