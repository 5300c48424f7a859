import { throwIfAborted } from "./errors.js";

/**
 * What somebody else's promise comes to, unless the signal fires first: their work may never end.
 *
 * @param discard gets what comes later.
 * @throws `aborted`
 */
export async function unlessAborted<T>(
  work: T | PromiseLike<T>,
  signal: AbortSignal | undefined,
  discard: (late: T) => void = ignore,
): Promise<T> {
  // What only says whether it has fired is asked between steps.
  if (typeof signal?.addEventListener !== "function") return work;
  let onAbort = ignore;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => {
      Promise.resolve(work).then(discard, ignore);
      try {
        throwIfAborted(signal);
      } catch (error) {
        reject(error);
      }
    };
  });
  if (signal.aborted) onAbort();
  else signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([aborted, work]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

function ignore(): void {}
