import type { Executable } from "../engine/backend/contract.js";
import { DiffusionForcingError } from "../engine/errors.js";

/**
 * Compiled graphs by key, the least recently used one freed when there are more than `capacity`: each holds the weights,
 * so their number bounds the memory, whatever lengths are asked for.
 */
export class Executables {
  readonly #capacity: number;
  readonly #entries = new Map<string, Promise<Executable>>();
  /** How many runs are using each entry: one in use is not freed. */
  readonly #inUse = new Map<string, number>();
  #disposed = false;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /**
   * Runs `use` with the executable of that key, compiled by `make` if it is not there.
   *
   * @throws `disposed`, and what `make` and `use` throw; a failed compilation is not remembered.
   */
  async with<T>(key: string, make: () => Promise<Executable>, use: (executable: Executable) => Promise<T>): Promise<T> {
    if (this.#disposed) throw new DiffusionForcingError("disposed", "This sampler has been disposed. Make another.");
    let entry = this.#entries.get(key);
    this.#entries.delete(key);
    if (entry === undefined) {
      this.#makeRoom();
      entry = make();
      entry.catch(() => this.#entries.delete(key));
    }
    this.#entries.set(key, entry);
    this.#inUse.set(key, (this.#inUse.get(key) ?? 0) + 1);
    try {
      return await use(await entry);
    } finally {
      const users = (this.#inUse.get(key) as number) - 1;
      if (users > 0) this.#inUse.set(key, users);
      else this.#inUse.delete(key);
    }
  }

  #makeRoom(): void {
    for (const [key, entry] of this.#entries) {
      if (this.#entries.size < this.#capacity) return;
      if (this.#inUse.has(key)) continue;
      this.#entries.delete(key);
      entry.then(
        (executable) => executable.dispose(),
        () => undefined,
      );
    }
  }

  /** Frees all. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    const entries = [...this.#entries.values()];
    this.#entries.clear();
    for (const entry of entries) (await entry.catch(() => undefined))?.dispose();
  }
}
