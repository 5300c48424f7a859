import { DiffusionForcingError, isDiffusionForcingError } from "@diffusion-forcing/core";

/** Wraps what TensorFlow.js threw; errors of this project pass. */
export function backendFailure(doing: string, device: string, cause: unknown): DiffusionForcingError {
  if (isDiffusionForcingError(cause)) return cause;
  return new DiffusionForcingError(
    "backend-failure",
    `tfjs (${device}): ${doing} failed in TensorFlow.js: ${messageOf(cause)}`,
    { cause },
  );
}

export function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message;
  const message = (error as { message?: unknown } | null)?.message;
  return typeof message === "string" ? message : String(error);
}

export function disposedError(what: string, todo: string): DiffusionForcingError {
  return new DiffusionForcingError("disposed", `${what} has been disposed. ${todo}`);
}
