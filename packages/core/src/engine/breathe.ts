/** How long work may hold the thread before timers, frames, signals and aborts get their turn, in milliseconds. */
const LONGEST_HOLD = 40;

/** What engines have to end a task with. Node's types and a page's know each other's parts differently. */
interface Scheduler {
  readonly setImmediate?: (callback: () => void) => unknown;
  readonly MessageChannel: new () => {
    readonly port1: { onmessage: (() => void) | null; close(): void };
    readonly port2: { postMessage(message: unknown): void };
  };
}

/** Ends the current task: what waits in the event loop runs before the promise resolves. */
function nextTask(): Promise<void> {
  const { setImmediate, MessageChannel } = globalThis as unknown as Scheduler;
  if (setImmediate !== undefined) return new Promise((resolve) => setImmediate(resolve));
  // A message is not delayed as nested timeouts are, which browsers stretch to 4 ms.
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/** When the thread last ended a task here. One for all loops, as they share the thread: many short ones make a long one. */
let lastTurn = Number.NEGATIVE_INFINITY;

/**
 * For loops over steps that a backend may compute synchronously: awaiting promises then never leaves the task, and no
 * timer, abort, key press or frame gets through. Await this between any two steps; it ends the task if none has been
 * ended here for {@link LONGEST_HOLD}.
 */
export async function breathe(): Promise<void> {
  if (performance.now() - lastTurn < LONGEST_HOLD) return;
  await nextTask();
  lastTurn = performance.now();
}
