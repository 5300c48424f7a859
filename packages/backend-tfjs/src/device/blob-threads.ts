import { DiffusionForcingError } from "@diffusion-forcing/core";

/** What is used of a window or of a worker's global scope. */
export interface ThreadScope {
  readonly crossOriginIsolated?: boolean;
  readonly Worker?: new (url: string) => ThreadWorker;
  readonly Blob: new (parts: readonly string[], options: { readonly type: string }) => object;
  readonly URL: { createObjectURL(blob: object): string; revokeObjectURL(url: string): void };
}

interface ThreadWorker {
  onmessage: ((event: { readonly data: unknown }) => void) | null;
  onerror: ((event: { preventDefault?(): void }) => void) | null;
  terminate(): void;
}

/**
 * Starts a thread as TensorFlow.js starts its own in an isolated page, from a `blob:` address, and lets it import a script
 * from another. TensorFlow.js waits for ever for a thread whose script a content security policy refuses, and where only
 * `script-src` refuses it, the page does not even hear of that: the thread's own scope does.
 *
 * @throws `backend-unavailable`, with what the policy has to allow.
 */
export async function checkBlobThreads(scope: ThreadScope = globalThis as unknown as ThreadScope): Promise<void> {
  if (scope.crossOriginIsolated !== true || scope.Worker === undefined) return;
  const { Blob, URL, Worker } = scope;
  const address = (script: string): string =>
    URL.createObjectURL(new Blob([script], { type: "application/javascript" }));
  const imported = address("");
  const started = address(
    `try { importScripts(${JSON.stringify(imported)}); postMessage(""); } catch (error) { postMessage(String(error)); }`,
  );
  let worker: ThreadWorker | undefined;
  try {
    worker = new Worker(started);
    const refusal = await firstWordOf(worker);
    if (refusal !== "") throw new Error(refusal);
  } catch (cause) {
    throw new DiffusionForcingError(
      "backend-unavailable",
      "tfjsBackend: the WebAssembly engine cannot start: in an isolated page its threads start from blob: addresses, which the content security policy refuses. Add blob: to its script-src and worker-src, or serve the page without isolation.",
      { cause },
    );
  } finally {
    worker?.terminate();
    URL.revokeObjectURL(imported);
    URL.revokeObjectURL(started);
  }
}

/** What the thread says, or that it did not start. */
function firstWordOf(worker: ThreadWorker): Promise<string> {
  return new Promise((resolve) => {
    worker.onmessage = ({ data }) => resolve(String(data));
    worker.onerror = (event) => {
      event.preventDefault?.();
      resolve("the thread did not start");
    };
  });
}
