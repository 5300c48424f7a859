import type * as v from "valibot";
import { schemas } from "../../check.js";

/**
 * One end of a channel to another thread: a `Worker`, a `MessagePort` or a worker's own global scope, of a page or of
 * Node's worker_threads. Only what this library uses of them.
 */
export interface MessageEndpoint {
  // biome-ignore lint/suspicious/noExplicitAny: the platforms' own declarations differ in these types.
  postMessage(message: any, transfer?: any): void;
  /** Pages and workers of pages; Node's ports as well. */
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  addEventListener?(type: string, listener: (event: any) => void): void;
  /** Node's workers and ports. */
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  on?(type: string, listener: (value: any) => void): unknown;
  start?(): void;
  close?(): void;
  /** Node's workers: -1 once they have ended, of which no event tells those who listen later. */
  readonly threadId?: number;
}

export const endpointSchema: v.GenericSchema<MessageEndpoint> = schemas.satisfying<MessageEndpoint>(
  "a Worker, a MessagePort or the global scope of a worker",
  (value) =>
    typeof value === "object" && value !== null && typeof (value as MessageEndpoint).postMessage === "function",
);

interface Listeners {
  readonly message: (data: unknown) => void;
  /** The other side is gone; called with what is known of why. */
  readonly lost: (reason: string) => void;
}

const reasonOf = (value: unknown, fallback: string): string => {
  const message = (value as { message?: unknown } | null)?.message;
  return typeof message === "string" && message !== "" ? message : fallback;
};

/** Listens in the way the endpoint's platform wants. */
export function listen(endpoint: MessageEndpoint, { message, lost }: Listeners): void {
  if (endpoint.threadId === -1) lost("it has ended");
  if (endpoint.on !== undefined) {
    endpoint.on("message", message);
    endpoint.on("error", (error) => lost(reasonOf(error, "it threw an error")));
    endpoint.on("messageerror", (error) => lost(reasonOf(error, "a message could not be read")));
    endpoint.on("exit", (code) => lost(`it exited with code ${code}`));
    endpoint.on("close", () => lost("its port was closed"));
  } else {
    endpoint.addEventListener?.("message", (event) => message((event as { data: unknown }).data));
    endpoint.addEventListener?.("error", (event) => lost(reasonOf(event, "it threw an error")));
    endpoint.addEventListener?.("messageerror", () => lost("a message could not be read"));
    endpoint.addEventListener?.("close", () => lost("its port was closed"));
    endpoint.start?.();
  }
}
