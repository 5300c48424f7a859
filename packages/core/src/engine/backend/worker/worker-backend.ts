import { check } from "../../check.js";
import { DiffusionForcingError } from "../../errors.js";
import { checkGraph } from "../../graph/graph.js";
import { formatType } from "../../graph/ops/helpers.js";
import {
  checkHostTensors,
  type DeviceTensor,
  type HostTensor,
  isHostTensor,
  type Tensor,
  type TensorRecord,
} from "../../tensor/tensor.js";
import { checkRunInputs } from "../check-inputs.js";
import { compileOptions, runOptions } from "../compile-options.js";
import type { Backend, Executable } from "../contract.js";
import { endpointSchema, listen, type MessageEndpoint } from "./endpoint.js";
import { graphToMessage } from "./graph-message.js";
import { whenFreed } from "./life-lock.js";
import {
  channel,
  errorFromMessage,
  isOnChannel,
  postable,
  type RequestKind,
  type Requests,
  type ResponseMessage,
  type Responses,
  type ServingMessage,
  type TensorHandle,
} from "./messages.js";

/**
 * A backend that runs in another thread, where `serveBackend` listens: compiling and running leave this thread free.
 * Looping state stays in the worker; only what is read comes back.
 *
 * @param endpoint the `Worker` (of a page or of Node's worker_threads) or one port of a `MessageChannel`.
 * @param options handed to the `open` function of `serveBackend`; must be structured-cloneable.
 * @throws what opening the backend throws there; `backend-failure` if the worker ends, or does not serve within 30 s.
 *
 * @example
 * const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
 * const backend = await workerBackend(worker, { device: "webgpu" });
 */
export async function workerBackend(endpoint: MessageEndpoint, options?: unknown): Promise<Backend> {
  check("workerBackend", endpointSchema, endpoint);
  const connection = new Connection(endpoint);
  const { name, device, version } = await connection.open(options);
  let disposal: Promise<void> | undefined;
  return {
    specVersion: 1,
    name,
    device,
    ...(version === undefined ? {} : { version }),
    capabilities: { deviceTensors: true },
    compile: async (graph, options) => {
      checkGraph("compile", graph);
      const { constants, brief } = compileOptions(options);
      if (disposal !== undefined) {
        throw new DiffusionForcingError("disposed", "compile: this worker's backend has been disposed; open another.");
      }
      const { executable } = await connection.ask("compile", {
        graph: graphToMessage(graph),
        constants: Object.fromEntries(
          Object.entries(checkHostTensors("compile: the constants", constants)).map(([name, value]) => [
            name,
            postable(value),
          ]),
        ),
        brief,
      });
      const baked = new Set(Object.keys(constants));
      return remoteExecutable(connection, executable, device, (inputs) => {
        if (disposal !== undefined) throw new DiffusionForcingError("disposed", "run: the backend has been disposed.");
        return checkRunInputs(graph, inputs, baked);
      });
    },
    dispose: () => {
      disposal ??= connection.dispose();
      return disposal;
    },
  };
}

/** How long a worker gets to load its script and call `serveBackend`, in milliseconds. */
const PATIENCE = 30_000;

/** Requests under way to one worker. */
class Connection {
  readonly #endpoint: MessageEndpoint;
  readonly #pending = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
  /** The handles of this connection's tensors that are alive. */
  readonly #handles = new WeakMap<Tensor, TensorHandle>();
  readonly #ended = new WeakSet<Tensor>();
  readonly #closed = new AbortController();
  #next = 1;
  #lost: string | undefined;
  #serving = false;

  constructor(endpoint: MessageEndpoint) {
    this.#endpoint = endpoint;
    listen(endpoint, {
      message: (data) => {
        if (!isOnChannel(data)) return;
        if ("serving" in (data as object)) this.#isServing(data as ServingMessage);
        else this.#settle(data as ResponseMessage);
      },
      lost: (reason) => this.#lose(reason),
    });
  }

  /** Asks to open the backend. A worker that shows no sign of life will not answer. */
  async open(options: unknown): Promise<Responses["open"]> {
    const timer = setTimeout(() => {
      if (!this.#serving) this.#lose(`it did not call serveBackend within ${PATIENCE / 1000} seconds`);
    }, PATIENCE);
    try {
      return await this.ask("open", { options });
    } finally {
      clearTimeout(timer);
    }
  }

  ask<K extends RequestKind>(kind: K, request: Requests[K]): Promise<Responses[K]> {
    if (this.#lost !== undefined) return Promise.reject(workerLost(this.#lost));
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as (value: unknown) => void, reject });
      try {
        this.#endpoint.postMessage({ channel, id, kind, request });
      } catch (cause) {
        this.#pending.delete(id);
        reject(new DiffusionForcingError("invalid-argument", `The worker cannot be sent this: ${cause}`, { cause }));
      }
    });
  }

  /** Asks for something nobody waits for: freeing what ended with the worker has succeeded. */
  tell<K extends RequestKind>(kind: K, request: Requests[K]): void {
    this.ask(kind, request).catch(() => undefined);
  }

  /** No request is answered any more. What ended with the worker needs no disposal. */
  async dispose(): Promise<void> {
    try {
      await this.ask("dispose", {});
    } catch (error) {
      if (this.#lost === undefined) throw error;
    }
    this.#lose("its backend was disposed");
    this.#endpoint.close?.();
  }

  toMessage(name: string, tensor: Tensor): HostTensor | TensorHandle {
    if (isHostTensor(tensor)) return postable(tensor);
    return this.handleOf(name, tensor);
  }

  handleOf(name: string, tensor: Tensor): TensorHandle {
    const handle = this.#handles.get(tensor);
    if (handle !== undefined) return handle;
    if (this.#ended.has(tensor)) {
      throw new DiffusionForcingError(
        "disposed",
        `run: "${name}" (${formatType(tensor)}) has been disposed or given away for reuse.`,
      );
    }
    throw new DiffusionForcingError(
      "invalid-argument",
      `run: "${name}" (${formatType(tensor)}) is another backend's tensor. Call its read() first.`,
    );
  }

  /** The tensor that stands for a handle; disposing it, or giving it away for reuse, ends the handle. */
  tensorOf(handle: TensorHandle, device: string): DeviceTensor {
    const { dtype, shape } = handle;
    const tensor: DeviceTensor = {
      dtype,
      shape,
      device,
      read: async () => {
        if (!this.#handles.has(tensor)) throw new DiffusionForcingError("disposed", "read: the tensor was disposed.");
        return (await this.ask("read", { handle: handle.handle })).tensor;
      },
      dispose: () => {
        if (this.#handles.has(tensor)) this.tell("release", { handle: handle.handle });
        this.forget(tensor);
      },
    };
    this.#handles.set(tensor, handle);
    return tensor;
  }

  forget(tensor: Tensor): void {
    this.#handles.delete(tensor);
    this.#ended.add(tensor);
  }

  #isServing({ serving: { lock } }: ServingMessage): void {
    this.#serving = true;
    if (lock !== undefined) whenFreed(lock, this.#closed.signal, () => this.#lose("it was terminated"));
  }

  #settle(message: ResponseMessage): void {
    const request = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if ("error" in message) request?.reject(errorFromMessage(message.error));
    else request?.resolve(message.response);
  }

  #lose(reason: string): void {
    this.#lost ??= reason;
    this.#closed.abort();
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject } of pending) reject(workerLost(reason));
  }
}

function remoteExecutable(
  connection: Connection,
  executable: number,
  device: string,
  check: (inputs: TensorRecord) => TensorRecord,
): Executable {
  let disposed = false;
  return {
    run: async (inputs, options) => {
      const { reuse } = runOptions(options);
      if (disposed) {
        throw new DiffusionForcingError(
          "disposed",
          "run: this executable, or its backend, has been disposed. Compile the graph again, on a live one.",
        );
      }
      const sent = Object.entries(check(inputs)).map(
        ([name, value]) => [name, connection.toMessage(name, value)] as const,
      );
      const offered = Object.entries(reuse).filter(([, value]) => !isHostTensor(value));
      const handles = offered.map(([name, value]) => [name, connection.handleOf(name, value)] as const);
      for (const [, value] of offered) connection.forget(value);
      const { outputs } = await connection.ask("run", {
        executable,
        inputs: Object.fromEntries(sent),
        reuse: Object.fromEntries(handles),
      });
      const received = Object.entries(outputs).map(([name, handle]) => [name, connection.tensorOf(handle, device)]);
      return Object.fromEntries(received) as Record<string, Tensor>;
    },
    dispose: () => {
      if (disposed) return;
      disposed = true;
      connection.tell("disposeExecutable", { executable });
    },
  };
}

function workerLost(reason: string): DiffusionForcingError {
  return new DiffusionForcingError(
    "backend-failure",
    `The worker that runs the backend is gone: ${reason}. Start another worker and open the backend again.`,
  );
}
