import type { DType, Shape, TensorData } from "@diffusion-forcing/core/graph";
import { IdentitySessions } from "./identity-sessions.js";
import type { Runtime, RuntimeTensor, SessionOptions } from "./runtime.js";

/** Copies a GPU buffer's elements to the host. Callers hold the device's turn. */
export interface DeviceReader {
  read(tensor: RuntimeTensor, dtype: DType, shape: Shape): Promise<TensorData>;
  dispose(): Promise<void>;
}

/** By the runtime's own download: in browsers. */
export const downloadingReader: DeviceReader = {
  read: async (tensor) => (await tensor.getData()) as TensorData,
  dispose: async () => {},
};

/** By a session: in Node, where downloading a GPU tensor aborts the process. */
export class CopyingReader implements DeviceReader {
  readonly #sessions: IdentitySessions;

  constructor(runtime: Runtime, options: SessionOptions) {
    this.#sessions = new IdentitySessions(runtime, options, "cpu");
  }

  async read(tensor: RuntimeTensor, dtype: DType, shape: Shape): Promise<TensorData> {
    return (await this.#sessions.copy(tensor, dtype, shape.length)).data as TensorData;
  }

  dispose(): Promise<void> {
    return this.#sessions.dispose();
  }
}
