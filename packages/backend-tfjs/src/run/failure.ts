import { DiffusionForcingError, isDiffusionForcingError } from "@diffusion-forcing/core";
import { formatType, type Value } from "@diffusion-forcing/core/graph";
import { messageOf } from "../device/import-optional.js";
import type { Session } from "../device/session.js";

/** Wraps what TensorFlow.js threw; errors of this project pass. */
export function backendFailure({ engine }: Session, doing: string, cause: unknown): DiffusionForcingError {
  if (isDiffusionForcingError(cause)) return cause;
  return new DiffusionForcingError(
    "backend-failure",
    `tfjs (${engine}): ${doing} failed in TensorFlow.js: ${messageOf(cause)}`,
    { cause },
  );
}

/** `running matmul float32[2, 3]` */
export function runningNode(node: Value): string {
  return `running ${node.op} ${formatType(node)}`;
}

/** Throws if the session's device failed at some earlier time. */
export function checkDevice(session: Session): void {
  const cause = session.failure();
  if (cause === undefined) return;
  throw new DiffusionForcingError(
    "backend-failure",
    `tfjs (${session.engine}): the device failed: ${cause.message} Dispose this backend and create another.`,
    { cause },
  );
}

export function disposedError(what: string, todo: string): DiffusionForcingError {
  return new DiffusionForcingError("disposed", `${what} has been disposed. ${todo}`);
}
