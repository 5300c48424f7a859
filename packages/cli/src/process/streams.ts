/** What went wrong with a stream that results or messages are written to. */
export interface StreamFailure {
  readonly stream: "stdout" | "stderr";
  readonly code: string;
  readonly message: string;
}

/**
 * Keeps the process alive when stdout or stderr can no longer be written to, because `head` has read enough, the
 * terminal has closed or a disk is full: what is written there then is lost, but not the work of hours. Without this,
 * Node ends the process on the spot.
 *
 * @returns the failures so far, which the end of the program judges.
 */
export function guardStreams(): readonly StreamFailure[] {
  const failures: StreamFailure[] = [];
  for (const stream of ["stdout", "stderr"] as const) {
    process[stream].on("error", (error: NodeJS.ErrnoException) => {
      if (failures.every((failure) => failure.stream !== stream)) {
        failures.push({ stream, code: error.code ?? "", message: error.message });
      }
    });
  }
  return failures;
}

/** Failures of a stream are told in a later turn of the event loop than the writing. */
export async function settleStreams(): Promise<void> {
  for (const stream of ["stdout", "stderr"] as const) {
    await new Promise<void>((resolve) => process[stream].write("", () => resolve()));
  }
  await new Promise((resolve) => setImmediate(resolve));
}

/** The failure that makes the command fail: results that did not get out, unless their reader has gone by itself. */
export function lostResults(failures: readonly StreamFailure[]): StreamFailure | undefined {
  return failures.find(({ stream, code }) => stream === "stdout" && code !== "EPIPE");
}
