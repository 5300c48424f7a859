import type { FromWorker, Job, ToWorker } from "./messages.js";

/** A job that failed: `code` is the library's, or "unexpected", or "worker-lost". */
export class JobError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.name = "JobError";
    this.code = code;
  }
}

export const isAborted = (error: unknown): boolean => error instanceof JobError && error.code === "aborted";

export interface AskOptions<Event> {
  readonly onEvent?: (event: Event) => void;
  readonly signal?: AbortSignal;
}

interface Pending {
  readonly onEvent: ((event: unknown) => void) | undefined;
  readonly resolve: (response: unknown) => void;
  readonly reject: (error: JobError) => void;
}

/** The page's end of a worker that serves jobs. */
export class WorkerClient<J extends Record<keyof J, Job>> {
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #next = 1;
  #lost: JobError | undefined;

  constructor(worker: Worker) {
    this.#worker = worker;
    worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => this.#receive(data));
    worker.addEventListener("error", (event) => {
      event.preventDefault();
      this.#lose(event.message || "its script could not be loaded");
    });
  }

  ask<K extends keyof J & string>(
    job: K,
    request: J[K]["request"],
    { onEvent, signal }: AskOptions<J[K]["event"]> = {},
  ): Promise<J[K]["response"]> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost);
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      const abort = (): void => this.#send({ id, abort: true });
      signal?.addEventListener("abort", abort, { once: true });
      const settle =
        <T>(then: (value: T) => void) =>
        (value: T): void => {
          this.#pending.delete(id);
          signal?.removeEventListener("abort", abort);
          then(value);
        };
      this.#pending.set(id, {
        onEvent: onEvent as ((event: unknown) => void) | undefined,
        resolve: settle(resolve as (value: unknown) => void),
        reject: settle(reject),
      });
      this.#send({ id, job, request });
      if (signal?.aborted) abort();
    });
  }

  /** Ends the worker, whatever it is doing. */
  terminate(): void {
    this.#worker.terminate();
    this.#lose("it was stopped", "aborted");
  }

  #send(message: ToWorker): void {
    this.#worker.postMessage(message);
  }

  #receive(message: FromWorker): void {
    const pending = this.#pending.get(message.id);
    if (pending === undefined) return;
    if ("event" in message) pending.onEvent?.(message.event);
    else if ("error" in message) pending.reject(new JobError(message.error.code, message.error.message));
    else pending.resolve(message.response);
  }

  #lose(reason: string, code = "worker-lost"): void {
    this.#lost = new JobError(code, `The worker that computes is gone: ${reason}.`);
    for (const { reject } of [...this.#pending.values()]) reject(this.#lost);
  }
}
