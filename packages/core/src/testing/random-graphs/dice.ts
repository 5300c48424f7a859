import { mulberry32 } from "../values.js";

/** Choices that a seed decides. */
export class Dice {
  readonly #uniform: () => number;

  constructor(seed: number) {
    this.#uniform = mulberry32(Math.imul(seed, 0x9e3779b1));
  }

  /** Uniform in [low, high). */
  between(low: number, high: number): number {
    return low + (high - low) * this.#uniform();
  }

  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number {
    return Math.floor(this.between(low, high + 1));
  }

  chance(probability: number): boolean {
    return this.#uniform() < probability;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.whole(0, choices.length - 1)] as T;
  }

  /** The numbers below `count` in some order. */
  order(count: number): number[] {
    const list = Array.from({ length: count }, (_, i) => i);
    for (let i = count - 1; i > 0; i--) {
      const j = this.whole(0, i);
      [list[i], list[j]] = [list[j] as number, list[i] as number];
    }
    return list;
  }
}
