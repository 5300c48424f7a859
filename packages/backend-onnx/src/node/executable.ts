import {
  allocate,
  checkRunInputs,
  DiffusionForcingError,
  type Executable,
  type Graph,
  type HostTensor,
  isHostTensor,
  type RunOptions,
  shapesEqual,
  sizeOf,
  type Tensor,
  type TensorRecord,
} from "@diffusion-forcing/core";
import type { InferenceSession, Tensor as RuntimeTensor } from "onnxruntime-node";
import { backendFailure } from "./failure.js";
import type { Runtime } from "./load-runtime.js";

interface Parts {
  readonly runtime: Runtime;
  readonly session: InferenceSession;
  readonly graph: Graph;
  /** Output name of the graph -> output name of the session. */
  readonly outputNames: ReadonlyMap<string, string>;
  readonly baked: ReadonlySet<string>;
  readonly device: string;
}

/** A session of host tensors in and out. Outputs are written straight into typed arrays, without a copy. */
export class OnnxExecutable implements Executable {
  readonly #parts: Parts;
  readonly #onDispose: (executable: OnnxExecutable) => void;
  /** Wrapped host tensors: looping state meets the same objects again. */
  readonly #wrapped = new WeakMap<HostTensor, RuntimeTensor>();
  /** Settles when the last queued run has ended, however it ended. */
  #idle: Promise<void> = Promise.resolve();
  #disposed = false;

  constructor(parts: Parts, onDispose: (executable: OnnxExecutable) => void) {
    this.#parts = parts;
    this.#onDispose = onDispose;
  }

  async run(inputs: TensorRecord, options: RunOptions = {}): Promise<Record<string, Tensor>> {
    this.#checkAlive();
    checkRunInputs(this.#parts.graph, inputs, this.#parts.baked);
    const result = this.#idle.then(() => this.#runNow(inputs, options.reuse ?? {}));
    this.#idle = result.then(ignore, ignore);
    return result;
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#onDispose(this);
    void this.#idle.then(() => this.#parts.session.release());
  }

  /** Settles when no run is under way or queued. */
  get idle(): Promise<void> {
    return this.#idle;
  }

  async #runNow(inputs: TensorRecord, reuse: TensorRecord): Promise<Record<string, Tensor>> {
    this.#checkAlive();
    const { session, device } = this.#parts;
    const feeds: Record<string, RuntimeTensor> = {};
    const read = new Set<unknown>();
    for (const name in inputs) {
      const tensor = inputs[name] as Tensor;
      if (!isHostTensor(tensor)) throw foreignTensor(name, tensor.device, device);
      read.add(tensor.data);
      feeds[name] = this.#wrap(tensor);
    }
    const outputs: Record<string, HostTensor> = {};
    const fetches: Record<string, RuntimeTensor> = {};
    for (const [name, sessionName] of this.#parts.outputNames) {
      const output = this.#storageFor(name, reuse[name], read);
      outputs[name] = output;
      fetches[sessionName] = this.#wrap(output);
    }
    try {
      await session.run(feeds, fetches);
    } catch (cause) {
      throw backendFailure("running", device, cause);
    }
    return outputs;
  }

  /** The tensor offered for reuse if it fits and no input of this run shares its memory; else a new one. */
  #storageFor(name: string, offered: Tensor | undefined, read: ReadonlySet<unknown>): HostTensor {
    const { dtype, shape } = this.#parts.graph.outputs[name] as {
      dtype: HostTensor["dtype"];
      shape: HostTensor["shape"];
    };
    const fits =
      offered !== undefined &&
      isHostTensor(offered) &&
      offered.dtype === dtype &&
      shapesEqual(offered.shape, shape) &&
      !read.has(offered.data);
    return fits ? offered : { dtype, shape, data: allocate(dtype, sizeOf(shape)) };
  }

  #wrap(tensor: HostTensor): RuntimeTensor {
    const earlier = this.#wrapped.get(tensor);
    if (earlier !== undefined) return earlier;
    const wrapped = new this.#parts.runtime.Tensor(tensor.dtype, tensor.data, tensor.shape);
    this.#wrapped.set(tensor, wrapped);
    return wrapped;
  }

  #checkAlive(): void {
    if (this.#disposed) {
      throw new DiffusionForcingError("disposed", "run: this executable has been disposed. Compile the graph again.");
    }
  }
}

function ignore(): void {}

function foreignTensor(name: string, given: string, expected: string): DiffusionForcingError {
  return new DiffusionForcingError(
    "invalid-argument",
    `run: input "${name}" lives on ${given}; the onnx backend on ${expected} takes host tensors. Call its read() first.`,
  );
}
