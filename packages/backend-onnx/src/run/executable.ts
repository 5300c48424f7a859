import {
  DiffusionForcingError,
  type HostTensor,
  isDiffusionForcingError,
  type Tensor,
  type TensorRecord,
} from "@diffusion-forcing/core";
import {
  checkRunInputs,
  disposeTensor,
  type Executable,
  isHostTensor,
  type RunOptions,
  runOptions,
} from "@diffusion-forcing/core/backend";
import { allocate, type Graph, shapesEqual, sizeOf, type Value } from "@diffusion-forcing/core/graph";
import { checkDevice, type Device, untilLost } from "../device/device.js";
import { backendFailure } from "../device/failure.js";
import { disposeAll, type RuntimeSession, type RuntimeTensor, type RuntimeTensors } from "../device/runtime.js";
import { type DeviceMemory, OnnxDeviceTensor } from "./device-tensor.js";
import type { HeldSession } from "./held-session.js";
import { runWithoutResults } from "./unread-results.js";

interface Parts {
  readonly memory: DeviceMemory;
  readonly session: HeldSession;
  readonly graph: Graph;
  /** Output name of the graph -> output name of the session. */
  readonly outputNames: ReadonlyMap<string, string>;
  readonly baked: ReadonlySet<string>;
  /** What every run is fed besides: the executable's, which disposes of them. */
  readonly weights: RuntimeTensors;
  /** The session's model is one of `withoutResults`. */
  readonly unread: boolean;
}

type Feeds = Record<string, RuntimeTensor>;

/** A session with one run at a time. */
export class OnnxExecutable implements Executable {
  readonly #parts: Parts;
  readonly #device: Device;
  readonly #onDispose: (executable: OnnxExecutable) => void;
  /** Wrapped host tensors: looping state meets the same objects again. */
  readonly #wrapped = new WeakMap<HostTensor, RuntimeTensor>();
  #disposed = false;

  constructor(parts: Parts, onDispose: (executable: OnnxExecutable) => void) {
    this.#parts = parts;
    this.#device = parts.memory.device;
    this.#onDispose = onDispose;
  }

  async run(given: TensorRecord, options?: RunOptions): Promise<Record<string, Tensor>> {
    const { reuse } = runOptions(options);
    try {
      this.#checkAlive();
      const inputs = checkRunInputs(this.#parts.graph, given, this.#parts.baked);
      const feeds = this.#feeds(inputs);
      return this.#device.turns.take(() => this.#runNow(inputs, feeds, reuse));
    } finally {
      // What was offered for reuse is the backend's now. Native buffers go after the run, as disposal takes a turn.
      for (const offered of Object.values(reuse)) disposeTensor(offered);
    }
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#onDispose(this);
    const { session, weights } = this.#parts;
    const free = (): Promise<void> => {
      disposeAll(Object.values(weights));
      return session.letGo();
    };
    this.#device.turns.take(free).catch(() => {});
  }

  /** Device tensors are taken hold of when the run is asked for: they may be disposed while it waits for its turn. */
  #feeds(inputs: TensorRecord): Feeds {
    const feeds: Feeds = { ...this.#parts.weights };
    for (const [name, tensor] of Object.entries(inputs)) {
      if (isHostTensor(tensor)) feeds[name] = this.#wrap(tensor);
      else if (tensor instanceof OnnxDeviceTensor && tensor.memory === this.#parts.memory) {
        feeds[name] = tensor.native(`run: input "${name}"`);
      } else throw foreignTensor(name, tensor.device, this.#device);
    }
    return feeds;
  }

  async #runNow(inputs: TensorRecord, feeds: Feeds, reuse: TensorRecord): Promise<Record<string, Tensor>> {
    this.#checkAlive();
    checkDevice(this.#device);
    try {
      const session = await this.#parts.session.current();
      if (this.#device.outputs === "preallocated") return await this.#runInto(session, inputs, feeds, reuse);
      const results = await untilLost(this.#device, session.run(feeds));
      return this.#collect((name) => results[name] as RuntimeTensor);
    } catch (cause) {
      checkDevice(this.#device);
      if (isDiffusionForcingError(cause)) throw cause;
      throw backendFailure("running", this.#device.name, cause);
    }
  }

  /** Results go straight into typed arrays, those offered for reuse if they fit, without a copy. */
  async #runInto(
    session: RuntimeSession,
    inputs: TensorRecord,
    feeds: Feeds,
    reuse: TensorRecord,
  ): Promise<Record<string, Tensor>> {
    const read = new Set<unknown>();
    for (const name in inputs) read.add((inputs[name] as HostTensor).data);
    const outputs: Record<string, HostTensor> = {};
    const fetches: Feeds = {};
    for (const [name, sessionName] of this.#parts.outputNames) {
      const output = this.#storageFor(name, reuse[name], read);
      outputs[name] = output;
      fetches[sessionName] = this.#wrap(output);
    }
    if (this.#parts.unread) await runWithoutResults(session, feeds, fetches);
    else await session.run(feeds, fetches).catch(unlessOnlyWrapping);
    return outputs;
  }

  #collect(resultOf: (name: string) => RuntimeTensor): Record<string, Tensor> {
    const outputs: Record<string, Tensor> = {};
    for (const [name, sessionName] of this.#parts.outputNames) {
      const { dtype, shape } = this.#parts.graph.outputs[name] as Value;
      const result = resultOf(sessionName);
      outputs[name] =
        result.location === "cpu"
          ? ({ dtype, shape, data: result.data } as HostTensor)
          : this.#parts.memory.adopt(result, { dtype, shape }, this.#parts.session);
    }
    return outputs;
  }

  /** The tensor offered for reuse if it fits and no input of this run shares its memory; else a new one. */
  #storageFor(name: string, offered: Tensor | undefined, read: ReadonlySet<unknown>): HostTensor {
    const { dtype, shape } = this.#parts.graph.outputs[name] as Value;
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
    const wrapped = new this.#device.runtime.Tensor(tensor.dtype, tensor.data, tensor.shape);
    this.#wrapped.set(tensor, wrapped);
    return wrapped;
  }

  #checkAlive(): void {
    if (this.#disposed) {
      throw new DiffusionForcingError(
        "disposed",
        "run: this executable, or its backend, has been disposed. Compile the graph again, on a live one.",
      );
    }
  }
}

function foreignTensor(name: string, given: string, { name: device, outputs }: Device): DiffusionForcingError {
  const taken = outputs === "device" ? "host tensors and its own device tensors" : "host tensors";
  return new DiffusionForcingError(
    "invalid-argument",
    `run: input "${name}" lives on ${given}; this onnx backend on ${device} takes ${taken}. Call its read() first.`,
  );
}

/**
 * In Jest, whose tests live in a realm of their own, the native binding wraps the results once more, in arrays of another
 * realm, which its own tensors refuse. By then the results are in the arrays that we gave.
 */
function unlessOnlyWrapping(error: unknown): void {
  if (!/tensor's data must be type of function/.test(String((error as { message?: unknown } | null)?.message)))
    throw error;
}
