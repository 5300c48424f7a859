/** The page's side of `visit`: its outcome goes through functions that the visitor put there. */
declare const reportValue: (value: unknown) => Promise<void>;
declare const reportError: (message: string) => Promise<void>;

/** Reports what `action` returns, or why it failed. */
export async function report(action: () => Promise<unknown>): Promise<void> {
  try {
    await reportValue(await action());
  } catch (error) {
    await reportError(describe(error));
  }
}

/** An error with its causes. */
export function describe(error: unknown): string {
  const parts: string[] = [];
  for (let cause: unknown = error; cause !== undefined && parts.length < 5; cause = (cause as Error).cause) {
    parts.push(cause instanceof Error ? (cause.stack ?? cause.message) : String(cause));
  }
  return parts.join("\ncaused by: ");
}
