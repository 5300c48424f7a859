import { constants } from "node:os";
import { DiffusionForcingError, isDiffusionForcingError } from "@diffusion-forcing/core";

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
type StopSignal = (typeof signals)[number];

/** The command was told to stop, and did: its exit code is that of the signal. */
export class Interrupted extends Error {
  readonly exitCode: number;

  constructor(signal: StopSignal, message: string) {
    super(message);
    // As shells count: 130 for SIGINT, 143 for SIGTERM, 129 for SIGHUP.
    this.exitCode = 128 + constants.signals[signal];
  }
}

/**
 * Runs `work` with a signal that fires at the first Ctrl-C, SIGTERM or SIGHUP (a closed terminal): time to save and
 * end. A second one ends the process at once, with only what listens to its `exit` done.
 *
 * @param stopping what is going to happen, for stderr.
 * @param stopped what to say when the work has ended because of the signal.
 * @throws Interrupted if it did, else whatever `work` throws.
 */
export async function interruptible<T>(
  work: (signal: AbortSignal) => Promise<T>,
  stopping: string,
  stopped: () => string,
): Promise<T> {
  const controller = new AbortController();
  let received: StopSignal | undefined;
  const onSignal = (signal: StopSignal): void => {
    if (received !== undefined) process.exit(128 + constants.signals[signal]);
    received = signal;
    process.stderr.write(`\n${signal}: ${stopping}; once more stops at once\n`);
    controller.abort(new DiffusionForcingError("aborted", `${signal} was received.`));
  };
  for (const signal of signals) process.on(signal, onSignal);
  try {
    return await work(controller.signal);
  } catch (error) {
    if (received === undefined || !isDiffusionForcingError(error, "aborted")) throw error;
    throw new Interrupted(received, stopped());
  } finally {
    for (const signal of signals) process.off(signal, onSignal);
  }
}
