import { normalDistribution } from "../../engine/reference/normal-distribution.js";

/** One step of one sample, drafted, for some of its tokens. */
export interface DraftedStep {
  /** Mean of the draft's step and of the target's, [T * size]. */
  readonly draft: Float32Array;
  readonly target: Float32Array;
  /** Standard deviation of both, [T]. */
  readonly deviation: Float32Array;
  /** The draft, [T * size], and the standard normal numbers that it was drawn with: draft mean + deviation noise. */
  readonly value: Float32Array;
  readonly noise: Float32Array;
  /** The tokens that are coupled together, and the numbers of each. */
  readonly tokens: readonly number[];
  readonly size: number;
  /** Standard normal: decides whether the draft is kept. */
  readonly decision: number;
}

/**
 * Reflection-maximal coupling of two normal laws of equal deviations (Bou-Rabee, Eberle and Zimmer 2020; De Bortoli et
 * al. 2025): a draw of the draft's law in, a draw of the target's out, the same one as often as any coupling allows. With
 * Z the draft's noise and D = (m_draft - m_target) / s, the draft stays if ln U <= -Z.D - |D|^2 / 2, the logarithm of the
 * ratio of the two densities; if not, its noise is mirrored: m_target + s (Z - 2 (e.Z) e) with e = D / |D|. A draft is kept
 * with probability 2 Phi(-|D| / 2).
 *
 * Tokens of deviation 0 have no law to couple: they take the target's mean, and the draft is kept only if it was that.
 *
 * @param out [T * size]: the tokens' values are written to it.
 * @returns whether the draft was kept.
 */
export function coupled(step: DraftedStep, out: Float32Array): boolean {
  const { draft, target, deviation, value, noise, tokens, size, decision } = step;
  let [product, square, isKept] = [0, 0, true];
  const each = (use: (i: number, std: number) => void): void => {
    for (const t of tokens) {
      for (let i = t * size; i < (t + 1) * size; i++) use(i, deviation[t] as number);
    }
  };
  const gap = (i: number, std: number): number => ((draft[i] as number) - (target[i] as number)) / std;
  each((i, std) => {
    if (std === 0) {
      if (draft[i] !== target[i]) isKept = false;
      return;
    }
    product += (noise[i] as number) * gap(i, std);
    square += gap(i, std) ** 2;
  });
  const isAccepted = Math.log(normalDistribution(decision)) <= -product - square / 2;
  each((i, std) => {
    const z = noise[i] as number;
    if (std === 0) out[i] = target[i] as number;
    else if (isAccepted) out[i] = value[i] as number;
    else out[i] = (target[i] as number) + std * (z - (2 * product * gap(i, std)) / square);
  });
  return isKept && isAccepted;
}
