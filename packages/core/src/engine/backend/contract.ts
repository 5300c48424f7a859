import type { Graph } from "../graph/graph.js";
import type { HostTensorRecord, Tensor, TensorRecord } from "../tensor/tensor.js";

/** Options of {@link Backend.compile}. */
export interface CompileOptions {
  /**
   * Values of graph inputs that never change: baked into the executable, which then no longer takes them as
   * inputs. Inference bakes its weights, so that the runtime can pack them once.
   */
  readonly constants?: HostTensorRecord;
  /**
   * A few runs will follow, not enough of them to pay for packing `constants`: a backend may read these where they lie, in
   * every run, so that they must stay as they are until the executable is disposed. Results agree up to rounding.
   * Default false.
   */
  readonly brief?: boolean;
}

export interface RunOptions {
  /**
   * Tensors, by output name, whose storage the backend may overwrite with that output: they belong to the backend
   * from here on, and the caller must not use or dispose them. With two sets in turn, looping state needs no
   * allocation and no copy. A backend may ignore host tensors given here; it must dispose device tensors.
   */
  readonly reuse?: TensorRecord;
}

/** What a backend can run; read by selection and by the conformance kit. */
export interface Capabilities {
  /** Whether device tensors stay on the device between runs (true) or are host tensors (false). */
  readonly deviceTensors: boolean;
}

/** A compiled graph of static shapes. Runs of one executable never overlap; calls queue. */
export interface Executable {
  /**
   * @param inputs every graph input that is not a baked constant, host or device tensors.
   * @throws `invalid-argument` for a missing or unknown input, `shape-mismatch`, `dtype-mismatch`, `disposed`,
   *   `backend-failure` (the runtime's message is the cause).
   */
  run(inputs: TensorRecord, options?: RunOptions): Promise<Record<string, Tensor>>;
  /** Frees it. Disposing twice is harmless; running afterwards throws `disposed`. */
  dispose(): void;
}

/** Compiles and runs graphs. Version 1 of the contract; callers check `specVersion` at the border. */
export interface Backend {
  readonly specVersion: 1;
  /** "reference", "onnx", "tfjs". */
  readonly name: string;
  /** "cpu", "cuda", "webgpu", "wasm". */
  readonly device: string;
  /** Version of the runtime underneath, where it has one. */
  readonly version?: string;
  readonly capabilities: Capabilities;
  /**
   * @throws `shape-mismatch`, `dtype-mismatch` or `invalid-argument` for constants that are no inputs of the graph,
   *   `unsupported-op`, `backend-failure`, `disposed`.
   */
  compile(graph: Graph, options?: CompileOptions): Promise<Executable>;
  /** Frees the backend and all its executables; using either afterwards throws `disposed`. */
  dispose(): Promise<void>;
}

/** What a backend package exports for selection at run time: the devices it knows on this platform, passed as a value. */
export interface BackendProvider {
  /** The name of the backends it opens: "onnx", "tfjs". */
  readonly name: string;
  /** Every device the package can drive on this platform (Node or browser), fastest first, present or not. */
  readonly devices: readonly string[];
  /**
   * Opens a device.
   *
   * @throws `missing-dependency` or `backend-unavailable`, with what to do about it, if it is not there.
   */
  open(device: string): Promise<Backend>;
}
