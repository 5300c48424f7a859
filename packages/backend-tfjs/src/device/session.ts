import type { Kernels } from "../compile/kernels.js";
import type { TfjsEngine } from "./engine.js";

/** An engine that is open: its native backend, reached through its kernels, and what has to be done around runs. */
export interface Session {
  readonly engine: TfjsEngine;
  /** Of TensorFlow.js. */
  readonly version: string;
  readonly kernels: Kernels;
  /** Why the device is gone, if it is. */
  failure(): Error | undefined;
  /**
   * Computes: runs `burst`, which calls kernels synchronously, and hands the device what they queued. Waits until the
   * device accepted it, and while it lags behind.
   *
   * @throws what the device reports about it.
   */
  compute<T>(burst: () => T): Promise<T>;
  /** Frees what is this session's own. */
  close(): void;
}
