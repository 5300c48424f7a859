import { type ErrorCode, isDiffusionForcingError } from "@diffusion-forcing/core";
import type { Measurement } from "@diffusion-forcing/core/testing";

/** A device that works. */
export interface Working extends Measurement {
  readonly available: true;
  /** Of the runtime, where it has one. */
  readonly version?: string;
}

/** A device that does not. */
export interface Failing {
  readonly available: false;
  readonly code: ErrorCode;
  readonly reason: string;
}

/** What was found about one device. */
export type Finding = { readonly name: string; readonly device: string } & (Working | Failing);

export function describeFailure(error: unknown): Failing {
  const reason = error instanceof Error ? error.message : String(error);
  return { available: false, code: isDiffusionForcingError(error) ? error.code : "backend-failure", reason };
}
