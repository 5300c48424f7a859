import { DiffusionForcingError, type ErrorCode, isDiffusionForcingError } from "../../errors.js";
import type { TensorType } from "../../graph/value.js";
import type { HostTensor, HostTensorRecord } from "../../tensor/tensor.js";
import type { GraphMessage } from "./graph-message.js";

/** A tensor that stays in the worker, by the number the worker gave it. */
export interface TensorHandle extends TensorType {
  readonly handle: number;
}

/** What the page asks of the worker. */
export interface Requests {
  open: { readonly options: unknown };
  compile: { readonly graph: GraphMessage; readonly constants: HostTensorRecord; readonly brief: boolean };
  run: {
    readonly executable: number;
    readonly inputs: Readonly<Record<string, HostTensor | TensorHandle>>;
    readonly reuse: Readonly<Record<string, TensorHandle>>;
  };
  read: { readonly handle: number };
  release: { readonly handle: number };
  disposeExecutable: { readonly executable: number };
  dispose: Readonly<Record<never, never>>;
}

/** What the worker answers. */
export interface Responses {
  open: { readonly name: string; readonly device: string; readonly version?: string };
  compile: { readonly executable: number };
  run: { readonly outputs: Readonly<Record<string, TensorHandle>> };
  read: { readonly tensor: HostTensor };
  release: undefined;
  disposeExecutable: undefined;
  dispose: undefined;
}

export type RequestKind = keyof Requests;

export interface RequestMessage<K extends RequestKind = RequestKind> {
  readonly channel: typeof channel;
  readonly id: number;
  readonly kind: K;
  readonly request: Requests[K];
}

export type ResponseMessage =
  | { readonly channel: typeof channel; readonly id: number; readonly response: unknown }
  | { readonly channel: typeof channel; readonly id: number; readonly error: ErrorMessage };

/** Sent by the worker before it opens the backend, which may take long: somebody is there. */
export interface ServingMessage {
  readonly channel: typeof channel;
  /** The lock that is free once the worker is gone, where the platform has locks. */
  readonly serving: { readonly lock: string | undefined };
}

interface ErrorMessage {
  readonly code: ErrorCode;
  readonly message: string;
  readonly cause: string | undefined;
}

/** Marks this protocol's messages, so that a worker may exchange others as well. */
export const channel = "diffusion-forcing/1";

export function isOnChannel(data: unknown): boolean {
  return typeof data === "object" && data !== null && (data as { channel?: unknown }).channel === channel;
}

export function errorToMessage(error: unknown): ErrorMessage {
  const message = error instanceof Error ? error.message : String(error);
  if (!isDiffusionForcingError(error)) return { code: "backend-failure", message, cause: undefined };
  const { cause } = error;
  return { code: error.code, message, cause: cause instanceof Error ? cause.message : undefined };
}

export function errorFromMessage({ code, message, cause }: ErrorMessage): DiffusionForcingError {
  return new DiffusionForcingError(code, message, cause === undefined ? {} : { cause: new Error(cause) });
}

/** The tensor with no more memory behind it than its own: posting a view copies the whole buffer it looks into. */
export function postable({ dtype, shape, data }: HostTensor): HostTensor {
  return { dtype, shape, data: data.byteLength === data.buffer.byteLength ? data : data.slice() } as HostTensor;
}
