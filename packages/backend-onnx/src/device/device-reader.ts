import type { DType, Shape, TensorData } from "@diffusion-forcing/core/graph";
import { encodeModel } from "../compile/proto/encode.js";
import type { OnnxModel } from "../compile/proto/model.js";
import type { Runtime, RuntimeSession, RuntimeTensor, SessionOptions } from "./runtime.js";

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

/**
 * By a session that copies its input to an output on the cpu: in Node, where downloading a GPU tensor aborts the
 * process. Sizes are symbolic, so there is one session for each dtype and rank met.
 */
export class CopyingReader implements DeviceReader {
  readonly #runtime: Runtime;
  readonly #options: SessionOptions;
  readonly #sessions = new Map<string, Promise<RuntimeSession>>();

  constructor(runtime: Runtime, options: SessionOptions) {
    this.#runtime = runtime;
    this.#options = { ...options, preferredOutputLocation: "cpu" };
  }

  async read(tensor: RuntimeTensor, dtype: DType, shape: Shape): Promise<TensorData> {
    const { y } = await (await this.#session(dtype, shape.length)).run({ x: tensor });
    return (y as RuntimeTensor).data as TensorData;
  }

  async dispose(): Promise<void> {
    const sessions = [...this.#sessions.values()];
    this.#sessions.clear();
    for (const session of sessions) await (await session).release();
  }

  #session(dtype: DType, rank: number): Promise<RuntimeSession> {
    const key = `${dtype} ${rank}`;
    const existing = this.#sessions.get(key);
    if (existing !== undefined) return existing;
    const session = this.#runtime.InferenceSession.create(encodeModel(identity(dtype, rank)), this.#options);
    this.#sessions.set(key, session);
    session.catch(() => this.#sessions.delete(key));
    return session;
  }
}

/**
 * Opens the smallest session: throws what the runtime throws if the device is not there. Kept open, it keeps the
 * native device alive, whose memory device tensors live in longer than the session that made them.
 */
export function openProbe(runtime: Runtime, options: SessionOptions): Promise<RuntimeSession> {
  return runtime.InferenceSession.create(encodeModel(identity("float32", 1)), options);
}

function identity(elementType: DType, rank: number): OnnxModel {
  const shape = Array.from({ length: rank }, (_, axis) => `size${axis}`);
  const node = { name: "read", operator: "Identity", domain: "", inputs: ["x"], outputs: ["y"], attributes: {} };
  return {
    irVersion: 8,
    producer: "@diffusion-forcing/backend-onnx",
    operatorSets: [{ domain: "", version: 18 }],
    metadata: {},
    graph: {
      name: "read",
      nodes: [node],
      initializers: [],
      inputs: [{ name: "x", elementType, shape }],
      outputs: [{ name: "y", elementType, shape }],
    },
  };
}
