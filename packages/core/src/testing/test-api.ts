import type { Backend } from "../engine/backend/contract.js";

/**
 * What the kit needs of a test runner. Vitest's and Jest's functions fit as they are; for `node:test` pass its
 * `after` as `afterAll`.
 */
export interface TestApi {
  readonly describe: (name: string, body: () => void) => unknown;
  readonly it: (name: string, body: () => Promise<void>, timeout?: number) => unknown;
  readonly afterAll: (body: () => Promise<void>) => unknown;
}

export interface ConformanceOptions extends TestApi {
  /**
   * Largest error of a float32 result, relative to 1 + |expected|; derivatives get ten times as much, since they
   * are compared with finite differences and chain several ops. Default 1e-5.
   */
  readonly tolerance?: number;
  /**
   * Bytes the process (or the device) holds now, after collecting garbage if the engine lets one. Without it
   * the kit only says in the test's name that memory was not measured.
   */
  readonly residentBytes?: () => number | Promise<number>;
  /** How many random graphs are tried, and from which seed; a number begins at seed 1. Default 300. */
  readonly randomGraphs?: number | { readonly count: number; readonly firstSeed: number };
}

/** What each group of checks gets: the runner, the tolerance, and one live backend that all of them share. */
export interface Conformance {
  readonly options: ConformanceOptions;
  readonly tolerance: number;
  /** Makes the backend on first use, within a test, so that its failure fails tests and not the loading of the file. */
  readonly backend: () => Promise<Backend>;
  /** Another backend of the same kind, for checks that dispose it. */
  readonly another: () => Promise<Backend>;
}
