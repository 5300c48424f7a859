import { DiffusionForcingError } from "../errors.js";
import type { Graph } from "../graph/graph.js";
import type { HostTensorRecord } from "../tensor/tensor.js";
import type { Backend, Executable } from "./contract.js";
import { residentBytes } from "./resident-bytes.js";

/** An executable in use: it stays until it is released, once. */
export interface HeldExecutable {
  readonly executable: Executable;
  release(): void;
}

interface Entry {
  readonly executable: Promise<Executable>;
  readonly bytes: number;
  holders: number;
}

/**
 * Compiled graphs by key, for work whose shapes vary without end: most have a copy of the weights baked into them, so
 * that they are kept only as far as `bytes` goes (as {@link residentBytes} estimates them, at most), the one used longest
 * ago going first. What is held is never given up, even where that exceeds the bound: hold what a piece of work alternates between
 * for as long as it lasts.
 */
export class BoundedExecutables {
  readonly #backend: Backend;
  readonly #bytes: number;
  /** In the order of their last use. */
  readonly #entries = new Map<string, Entry>();
  /** What was given up and is not yet disposed. */
  readonly #leaving = new Set<Promise<void>>();
  #disposed = false;

  constructor(backend: Backend, { bytes }: { readonly bytes: number }) {
    this.#backend = backend;
    this.#bytes = bytes;
  }

  /**
   * The executable of a key, compiled where it is not there: others make room first. Those who ask for one key at a time
   * share one compilation; a failed one is forgotten.
   *
   * @param key stands for the graph and its constants.
   * @param constants those the graph has no input for are left out.
   * @param brief as the backend's `compile` takes it.
   * @throws `disposed`, and what compiling throws.
   */
  async hold(
    key: string,
    graph: () => Graph,
    constants: HostTensorRecord = {},
    brief = false,
  ): Promise<HeldExecutable> {
    this.#checkAlive();
    const entry = this.#entries.get(key) ?? this.#compile(graph(), constants, brief);
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    entry.holders++;
    let held = true;
    const release = (): void => {
      if (!held) return;
      held = false;
      entry.holders--;
      this.#makeRoom(0);
    };
    try {
      const executable = await entry.executable;
      this.#checkAlive();
      return { executable, release };
    } catch (error) {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      release();
      throw error;
    }
  }

  /** As {@link hold}, for the time of `work`. */
  async use<T>(
    key: string,
    graph: () => Graph,
    constants: HostTensorRecord,
    work: (executable: Executable) => Promise<T>,
  ): Promise<T> {
    const { executable, release } = await this.hold(key, graph, constants);
    try {
      return await work(executable);
    } finally {
      release();
    }
  }

  /** How many there are, and roughly what they hold together. */
  get size(): { readonly count: number; readonly bytes: number } {
    const all = [...this.#entries.values()];
    return { count: all.length, bytes: all.reduce((sum, entry) => sum + entry.bytes, 0) };
  }

  /** Frees all, held ones included. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    const all = [...this.#entries.values()];
    this.#entries.clear();
    await Promise.all(all.map(free));
  }

  #compile(graph: Graph, given: HostTensorRecord, brief: boolean): Entry {
    const read = new Set(graph.inputs.map(({ attributes }) => attributes.name));
    const constants = Object.fromEntries(Object.entries(given).filter(([name]) => read.has(name)));
    const bytes = residentBytes(graph, constants);
    this.#makeRoom(bytes);
    const room = Promise.all(this.#leaving);
    return { executable: room.then(() => this.#backend.compile(graph, { constants, brief })), bytes, holders: 0 };
  }

  /** Frees what exceeds the bound; what is compiled next waits for it, so that both are never there at once. */
  #makeRoom(bytes: number): void {
    let total = this.size.bytes + bytes;
    for (const [key, entry] of this.#entries) {
      if (total <= this.#bytes) break;
      if (entry.holders > 0) continue;
      this.#entries.delete(key);
      total -= entry.bytes;
      const leaving = free(entry).finally(() => this.#leaving.delete(leaving));
      this.#leaving.add(leaving);
    }
  }

  #checkAlive(): void {
    if (this.#disposed) throw new DiffusionForcingError("disposed", "These executables have been disposed.");
  }
}

async function free({ executable }: Entry): Promise<void> {
  (await executable.catch(() => undefined))?.dispose();
}
