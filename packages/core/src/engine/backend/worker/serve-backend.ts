import { check, schemas } from "../../check.js";
import { DiffusionForcingError } from "../../errors.js";
import { disposeTensor, type HostTensor, readTensor, type Tensor } from "../../tensor/tensor.js";
import type { Backend, Executable } from "../contract.js";
import { endpointSchema, listen, type MessageEndpoint } from "./endpoint.js";
import { graphFromMessage } from "./graph-message.js";
import { takeLifeLock } from "./life-lock.js";
import {
  channel,
  errorToMessage,
  isOnChannel,
  postable,
  type RequestKind,
  type RequestMessage,
  type Requests,
  type Responses,
  type ServingMessage,
  type TensorHandle,
} from "./messages.js";

type Handlers = { readonly [K in RequestKind]: (request: Requests[K]) => Promise<Responses[K]> };

const openSchema = schemas.function<(options: unknown) => Promise<Backend>>();

/**
 * The worker's side of `workerBackend`: answers the requests that arrive at `endpoint` with the backend that `open`
 * makes. Outputs stay here, on the backend's device or in this thread's memory, until they are read or disposed.
 * When the other side disposes the backend, the endpoint is closed, which ends a worker that does nothing else.
 *
 * @param open gets the options given to `workerBackend`, as cloned data.
 *
 * @example
 * // worker.ts
 * serveBackend(self, () => onnxBackend({ device: "auto" }));
 */
export function serveBackend(endpoint: MessageEndpoint, open: (options: unknown) => Promise<Backend>): void {
  check("serveBackend", endpointSchema, endpoint);
  check("serveBackend: what opens a backend", openSchema, open);
  let lock: Promise<string | undefined> | undefined;
  const handlers = handlersFor(async (options) => {
    lock ??= takeLifeLock();
    endpoint.postMessage({ channel, serving: { lock: await lock } } satisfies ServingMessage);
    return open(options);
  });
  listen(endpoint, {
    message: (data) => {
      if (isOnChannel(data)) void answer(endpoint, handlers, data as RequestMessage);
    },
    // Nobody is left who could read an answer, and what lives here ends with this thread.
    lost: () => void handlers.dispose({}).catch(() => {}),
  });
}

async function answer(endpoint: MessageEndpoint, handlers: Handlers, message: RequestMessage): Promise<void> {
  const { id, kind, request } = message;
  try {
    const response = await (handlers[kind] as (request: unknown) => Promise<unknown>)(request);
    endpoint.postMessage({ channel, id, response });
  } catch (error) {
    endpoint.postMessage({ channel, id, error: errorToMessage(error) });
  }
  if (kind === "dispose") endpoint.close?.();
}

function handlersFor(open: (options: unknown) => Promise<Backend>): Handlers {
  let backend: Backend | undefined;
  const executables = new Map<number, Executable>();
  const tensors = new Map<number, Tensor>();
  let next = 1;

  const live = (): Backend => {
    if (backend === undefined) throw new DiffusionForcingError("disposed", "The worker holds no open backend.");
    return backend;
  };
  const held = (handle: number): Tensor => {
    const tensor = tensors.get(handle);
    if (tensor === undefined) throw new DiffusionForcingError("disposed", "The tensor has been disposed.");
    return tensor;
  };
  const hold = (tensor: Tensor): TensorHandle => {
    const handle = next++;
    tensors.set(handle, tensor);
    return { handle, dtype: tensor.dtype, shape: tensor.shape };
  };
  const isHandle = (value: HostTensor | TensorHandle): value is TensorHandle => "handle" in value;
  const mapValues = <A, B>(record: Readonly<Record<string, A>>, map: (value: A) => B): Record<string, B> =>
    Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));

  return {
    open: async ({ options }) => {
      backend = await open(options);
      const { name, device, version } = backend;
      return { name, device, ...(version === undefined ? {} : { version }) };
    },
    compile: async ({ graph, constants, brief }) => {
      const executable = await live().compile(graphFromMessage(graph), { constants, brief });
      executables.set(next, executable);
      return { executable: next++ };
    },
    run: async ({ executable: number, inputs, reuse }) => {
      const executable = executables.get(number);
      if (executable === undefined) {
        throw new DiffusionForcingError("disposed", "run: this executable, or its backend, has been disposed.");
      }
      const fed = mapValues(inputs, (value) => (isHandle(value) ? held(value.handle) : value));
      const offered = mapValues(reuse, ({ handle }) => held(handle));
      for (const { handle } of Object.values(reuse)) tensors.delete(handle);
      return { outputs: mapValues(await executable.run(fed, { reuse: offered }), hold) };
    },
    read: async ({ handle }) => ({ tensor: postable(await readTensor(held(handle))) }),
    release: async ({ handle }) => {
      const tensor = tensors.get(handle);
      if (tensor !== undefined) disposeTensor(tensor);
      tensors.delete(handle);
      return undefined;
    },
    disposeExecutable: async ({ executable }) => {
      executables.get(executable)?.dispose();
      executables.delete(executable);
      return undefined;
    },
    dispose: async () => {
      const closing = backend;
      backend = undefined;
      executables.clear();
      for (const tensor of tensors.values()) disposeTensor(tensor);
      tensors.clear();
      await closing?.dispose();
      return undefined;
    },
  };
}
