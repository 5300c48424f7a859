import { type HostTensor, type RandomStream, tensor } from "@diffusion-forcing/core";

/** Sizes of the toy language. */
export interface PairSizes {
  /** V: symbols are 0..V - 1. */
  readonly symbols: number;
  /** Symbols of the longest context. */
  readonly longest: number;
}

/** A context and what is to be said of it. */
export interface Pair {
  readonly context: readonly number[];
  readonly target: readonly number[];
}

/** How likely a symbol is said once more. */
const REPEATS = 0.4;

/**
 * Contexts of any length from 2 on, in which symbols often repeat, and their targets: read backwards, repeats joined. Where
 * a symbol of the target comes from thus depends on how many repeats stand behind it.
 */
export function reversalPairs(count: number, { symbols, longest }: PairSizes, random: RandomStream): Pair[] {
  return Array.from({ length: count }, () => {
    const context: number[] = [];
    const length = random.integer(2, longest + 1);
    while (context.length < length) {
      const last = context.at(-1);
      context.push(last !== undefined && random.uniform() < REPEATS ? last : random.integer(0, symbols));
    }
    const target = [...context].reverse().filter((symbol, i, all) => symbol !== all[i - 1]);
    return { context, target };
  });
}

/** Contexts as tokens, one-hot over nothing, for places after the end, and V symbols: float32 [B, longest, V + 1]. */
export function contextTokens(contexts: readonly (readonly number[])[], sizes: PairSizes): HostTensor<"float32"> {
  const { symbols, longest } = sizes;
  const width = symbols + 1;
  const data = new Float32Array(contexts.length * longest * width).fill(-1);
  for (const [b, context] of contexts.entries()) {
    for (let t = 0; t < longest; t++) data[(b * longest + t) * width + (context[t] ?? -1) + 1] = 1;
  }
  return tensor(data, [contexts.length, longest, width]);
}
