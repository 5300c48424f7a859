import { assert, assertRejects } from "./assertions.js";

/** When the abort fires, in milliseconds: late enough that compiling is over on most devices. */
const PATIENCE = 50;

/** Work of many steps that may be stopped; it calls `onStep` at the beginning of each. */
export type LongWork = (signal: AbortSignal, onStep: () => void) => Promise<unknown>;

/**
 * Throws unless a timer fires while the work goes on, though its device may compute synchronously, and unless the abort
 * that the timer makes ends it before another step but the one that is under way.
 */
export async function assertTakesTurns(work: LongWork, what: string): Promise<void> {
  const controller = new AbortController();
  let steps = 0;
  let stepsAtAbort: number | undefined;
  const timer = setTimeout(() => {
    stepsAtAbort = steps;
    controller.abort();
  }, PATIENCE);
  try {
    await assertRejects(
      work(controller.signal, () => {
        steps++;
      }),
      ["aborted"],
      what,
    );
  } finally {
    clearTimeout(timer);
  }
  const more = steps - (stepsAtAbort ?? 0);
  assert(more <= 1, `${what}: ${more} more steps began after the abort; expected 1 at most.`);
}
