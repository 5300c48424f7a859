/**
 * How far each sample has come, group of tokens by group. A group's value after a move is known once it has been coupled;
 * later groups lag behind earlier ones, since nothing before a group depends on it.
 */
export class Progress {
  /** The tokens of each group, in order. */
  readonly groups: readonly (readonly number[])[];
  /** Values after each move that may still be read, by sample and number of moves, [T * size]. */
  readonly #values: Map<number, Float32Array>[];
  /** Moves done, by sample and group. */
  readonly #done: number[][];
  readonly #size: number;

  /** @param size numbers of a token. */
  constructor(start: readonly Float32Array[], groups: readonly (readonly number[])[], size: number) {
    this.groups = groups;
    this.#values = start.map((values) => new Map([[0, values]]));
    this.#done = start.map(() => groups.map(() => 0));
    this.#size = size;
  }

  done(sample: number, group: number): number {
    return this.#done[sample]?.[group] as number;
  }

  /** The moves that all tokens of the sample have done. */
  base(sample: number): number {
    return this.done(sample, this.groups.length - 1);
  }

  /** The values after that many moves, of the tokens that have done them; [T * size]. */
  values(sample: number, moves: number): Float32Array {
    const own = this.#values[sample] as Map<number, Float32Array>;
    const found = own.get(moves) ?? Float32Array.from(this.values(sample, moves - 1));
    own.set(moves, found);
    return found;
  }

  /** Copies a group's values after that many moves from `source`, [T * size]. */
  copy(sample: number, group: number, moves: number, source: Float32Array): void {
    const target = this.values(sample, moves);
    for (const t of this.groups[group] as readonly number[]) {
      target.set(source.subarray(t * this.#size, (t + 1) * this.#size), t * this.#size);
    }
  }

  /** The group has done one more move. */
  advance(sample: number, group: number): void {
    const done = this.#done[sample] as number[];
    done[group] = (done[group] as number) + 1;
    const own = this.#values[sample] as Map<number, Float32Array>;
    for (const moves of own.keys()) {
      if (moves < this.base(sample)) own.delete(moves);
    }
  }
}
