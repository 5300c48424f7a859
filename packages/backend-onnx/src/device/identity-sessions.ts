import type { DType } from "@diffusion-forcing/core/graph";
import { encodeModel } from "../compile/proto/encode.js";
import type { OnnxModel } from "../compile/proto/model.js";
import type { Runtime, RuntimeSession, RuntimeTensor, SessionOptions } from "./runtime.js";

/**
 * Copies tensors to one place, the host or the device, by sessions whose output is their input. Sizes are symbolic, so
 * there is one session for each dtype and rank met. Callers hold the device's turn.
 */
export class IdentitySessions {
  readonly #runtime: Runtime;
  readonly #options: SessionOptions;
  readonly #sessions = new Map<string, Promise<RuntimeSession>>();

  /** @param to where the copies are. */
  constructor(runtime: Runtime, options: SessionOptions, to: "cpu" | "gpu-buffer") {
    this.#runtime = runtime;
    this.#options = { ...options, preferredOutputLocation: to };
  }

  async copy(tensor: RuntimeTensor, dtype: DType, rank: number): Promise<RuntimeTensor> {
    const { y } = await (await this.#session(dtype, rank)).run({ x: tensor });
    return y as RuntimeTensor;
  }

  /** Ends the sessions, which copies on the device must not outlive. */
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
