/**
 * Stable identifiers of everything that can go wrong, for programs that react to errors.
 * Messages may be reworded in any release; codes may not.
 */
export type ErrorCode =
  | "aborted"
  | "invalid-argument"
  | "shape-mismatch"
  | "dtype-mismatch"
  | "invalid-graph"
  | "unsupported-op"
  | "not-differentiable"
  | "backend-unavailable"
  | "backend-failure"
  | "disposed"
  | "missing-dependency"
  | "invalid-schedule"
  | "invalid-noise-levels"
  | "invalid-scheduling-matrix"
  | "invalid-data"
  | "invalid-config"
  | "non-finite-loss"
  | "non-finite-sample"
  | "corrupt-file"
  | "read-failed"
  | "checkpoint-mismatch"
  | "write-failed";

const brand: symbol = Symbol.for("@diffusion-forcing/error");

/**
 * The one error class of the project. `code` is stable; `message` says what was given, what was expected and
 * what to do. Recognise it with {@link isDiffusionForcingError}, which also works across duplicate copies of
 * the package (`instanceof` does not).
 */
export class DiffusionForcingError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "DiffusionForcingError";
    this.code = code;
    Object.defineProperty(this, brand, { value: true });
  }
}

/** True for every {@link DiffusionForcingError}, whichever copy of the package made it; narrows to `code` if given. */
export function isDiffusionForcingError(error: unknown, code?: ErrorCode): error is DiffusionForcingError {
  if (typeof error !== "object" || error === null || !(brand in error)) return false;
  return code === undefined || (error as DiffusionForcingError).code === code;
}

/** Throws the `aborted` error if the signal has fired. Long work calls this between its steps. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) {
    throw new DiffusionForcingError("aborted", "The work was aborted by its AbortSignal.", { cause: signal.reason });
  }
}
