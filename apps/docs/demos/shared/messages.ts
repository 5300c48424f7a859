/** What a page and its worker say to each other. One request at a time and kind may be answered by many events. */

/** The devices a demo can compute on; "auto" is WebGPU on a real GPU if it computes right, else WebAssembly. */
export const devices = ["auto", "webgpu", "wasm"] as const;
export type DeviceChoice = (typeof devices)[number];

/** Bytes that have arrived of something that is fetched. */
export interface Download {
  readonly what: string;
  readonly loaded: number;
  /** 0 if the server does not say. */
  readonly total: number;
}

/** The backend that a worker opened. */
export interface OpenedBackend {
  readonly device: string;
  readonly threads: number;
  readonly version: string;
  /** Devices that were tried before it, and why they are not used. */
  readonly passedOver: readonly string[];
}

/** A job of a worker: what it is given, what it tells on the way and what it returns. A worker's jobs are a type of these. */
export interface Job {
  readonly request: unknown;
  readonly event: unknown;
  readonly response: unknown;
}

export type ToWorker =
  | { readonly id: number; readonly job: string; readonly request: unknown }
  | { readonly id: number; readonly abort: true };

export type FromWorker =
  | { readonly id: number; readonly event: unknown }
  | { readonly id: number; readonly response: unknown }
  | { readonly id: number; readonly error: { readonly message: string; readonly code: string } };
