import type { DType, Shape, TensorData } from "@diffusion-forcing/core/graph";

/** What this package uses of ONNX Runtime's JavaScript API, which its native and its WebAssembly packages share. */
export interface Runtime {
  readonly InferenceSession: {
    create(model: Uint8Array, options: SessionOptions): Promise<RuntimeSession>;
  };
  readonly Tensor: new (dtype: DType, data: TensorData, shape: Shape) => RuntimeTensor;
}

export interface RuntimeTensor {
  /** "cpu", "gpu-buffer", "none" once disposed. */
  readonly location: string;
  /** The elements of a tensor on the cpu; throws for one on a GPU. */
  readonly data: unknown;
  /** Downloads the elements; aborts the process on a GPU tensor in Node (1.30). */
  getData(): Promise<unknown>;
  dispose(): void;
}

export interface RuntimeSession {
  run(feeds: RuntimeTensors): Promise<RuntimeTensors>;
  /** Results are written into the tensors of `fetches`; on the cpu in Node only. */
  run(feeds: RuntimeTensors, fetches: Readonly<Record<string, RuntimeTensor | null>>): Promise<RuntimeTensors>;
  release(): Promise<void>;
}

export type RuntimeTensors = Readonly<Record<string, RuntimeTensor>>;

/** Frees each of the tensors. On a lost device there is nothing to free, and a tensor that says so keeps no other. */
export function disposeAll(tensors: Iterable<RuntimeTensor>): void {
  for (const tensor of tensors) {
    try {
      tensor.dispose();
    } catch {}
  }
}

/** Options of `InferenceSession.create`. */
export type SessionOptions = Readonly<Record<string, unknown>>;
