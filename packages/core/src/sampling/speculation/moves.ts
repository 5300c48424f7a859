import { drawNoise, type NoiseSources } from "../noise-source.js";

/** The moves of a walk: rows of a matrix that change something, and the noise of each. */
export class Moves {
  /** Noise levels before the first move and after each, T entries each. */
  readonly rows: readonly Int32Array[];
  /** The row of the matrix that each move goes to. */
  readonly steps: readonly number[];
  readonly #random: NoiseSources;
  readonly #drawn = new Map<number, Map<string, Float32Array>>();

  constructor(rows: readonly ArrayLike<number>[], levels: Int32Array, random: NoiseSources) {
    const differs = (before: ArrayLike<number>, after: ArrayLike<number>): boolean =>
      Array.from(after).some((index, t) => index !== before[t]);
    this.steps = rows.flatMap((row, m) => (m > 0 && differs(rows[m - 1] as ArrayLike<number>, row) ? [m] : []));
    const kept = [rows[0] as ArrayLike<number>, ...this.steps.map((m) => rows[m] as ArrayLike<number>)];
    this.rows = kept.map((row) => Int32Array.from(row, (index) => levels[index] as number));
    this.#random = random;
  }

  get count(): number {
    return this.steps.length;
  }

  /** The levels after `count` moves, or the last. */
  row(count: number): Int32Array {
    return this.rows[Math.min(count, this.count)] as Int32Array;
  }

  /** The tokens that a move changes, of those given. */
  moving(move: number, tokens: readonly number[]): number[] {
    return tokens.filter((t) => this.row(move)[t] !== this.row(move + 1)[t]);
  }

  /** The whole batch's normal numbers of a move, under the labels that the plain walk gives them; zeros after the last. */
  noise(move: number, label: readonly (string | number)[], shape: readonly number[], clip: number): Float32Array {
    const drawn = this.#drawn.get(move) ?? new Map<string, Float32Array>();
    this.#drawn.set(move, drawn);
    const key = label.join("/");
    const step = this.steps[move];
    const found =
      drawn.get(key) ??
      (step === undefined
        ? new Float32Array(shape.reduce((product, size) => product * size, 1))
        : drawNoise(this.#random, [step, ...label], shape, clip).data);
    drawn.set(key, found);
    return found;
  }

  /** Forgets the noise of the moves before this one. */
  forget(move: number): void {
    for (const known of this.#drawn.keys()) {
      if (known < move) this.#drawn.delete(known);
    }
  }
}
