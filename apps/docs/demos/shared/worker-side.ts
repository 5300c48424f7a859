import { isDiffusionForcingError } from "@diffusion-forcing/core";
import type { FromWorker, Job, ToWorker } from "./messages.js";

/** A job's other end: what tells the page how far it is, and the signal of a page that has had enough. */
export interface JobContext<Event> {
  readonly tell: (event: Event) => void;
  readonly signal: AbortSignal;
}

export type JobHandlers<J extends Record<keyof J, Job>> = {
  readonly [K in keyof J]: (request: J[K]["request"], context: JobContext<J[K]["event"]>) => Promise<J[K]["response"]>;
};

const scope = globalThis as unknown as DedicatedWorkerGlobalScope;

/** Answers what the page asks of this worker. */
export function serveJobs<J extends Record<keyof J, Job>>(handlers: JobHandlers<J>): void {
  const running = new Map<number, AbortController>();
  const send = (message: FromWorker): void => scope.postMessage(message);
  scope.addEventListener("message", async ({ data }: MessageEvent<ToWorker>) => {
    if ("abort" in data) {
      running.get(data.id)?.abort();
      return;
    }
    const { id, job, request } = data;
    const controller = new AbortController();
    running.set(id, controller);
    try {
      const handler = handlers[job as keyof J];
      const context = { signal: controller.signal, tell: (event: unknown) => send({ id, event }) };
      send({ id, response: await handler(request, context) });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      send({ id, error: { message, code: isDiffusionForcingError(error) ? error.code : "unexpected" } });
    } finally {
      running.delete(id);
    }
  });
}
