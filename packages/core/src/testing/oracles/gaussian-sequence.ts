import type { Diffusion } from "../../diffusion/diffusion.js";
import { add, broadcastTo, matmul, mul, reshape, sub, sum } from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import { exactDiffusion, type Observed, type OracleOptions } from "./exact-denoiser.js";
import { identity, type Matrix, matrixConstant } from "./matrix.js";
import { solve } from "./solve.js";

/** The law of a sequence of T tokens of F numbers: jointly normal. */
export interface GaussianLaw {
  /** T F entries, token by token. */
  readonly mean: readonly number[];
  /** T F rows of T F. */
  readonly covariance: Matrix;
  /** F. Default 1. */
  readonly features?: number;
}

/** x_0 ~ N(0, s^2 / (1 - r^2)), x_t = r x_{t-1} + s e_t: stationary. */
export function autoregressiveLaw(length: number, correlation: number, deviation = 1): GaussianLaw {
  const variance = deviation ** 2 / (1 - correlation ** 2);
  return {
    mean: new Array<number>(length).fill(0),
    covariance: Array.from({ length }, (_, i) =>
      Array.from({ length }, (_, j) => variance * correlation ** Math.abs(i - j)),
    ),
  };
}

/** The exact denoiser of a jointly normal sequence, every token at its own level. */
export function gaussianSequence(law: GaussianLaw, options?: OracleOptions): Diffusion {
  return exactDiffusion([law.features ?? 1], (observed) => gaussianPosterior(law, observed).x0, options);
}

/**
 * What a noised sequence tells: with A and N the diagonal factors of signal and noise, E[x0 | x] = m + C A (A C A +
 * N^2)^-1 (x - A m) [B, T, F], and the logarithm of the sequence's density but for a constant, [B, 1, 1].
 */
export function gaussianPosterior(
  { mean, covariance }: GaussianLaw,
  { tokens, signal, noise }: Observed,
): { readonly x0: Value; readonly logDensity: Value } {
  const batch = tokens.shape[0] as number;
  const size = mean.length;
  const flat = (x: Value): Value => reshape(broadcastTo(x, tokens.shape), [batch, size, 1]);
  const [a, n] = [flat(signal), flat(noise)];
  const prior = matrixConstant(mean.map((m) => [m]));
  const own = matrixConstant(covariance);
  const rows = reshape(a, [batch, 1, size]);
  const spread = add(mul(mul(own, a), rows), mul(matrixConstant(identity(size)), mul(n, n)));
  const error = sub(reshape(tokens, [batch, size, 1]), mul(a, prior));
  const { solution, logDeterminant } = solve(spread, error);
  const gain = matmul(own, mul(a, solution));
  const logDensity = mul(add(sum(mul(error, solution), 1, true), logDeterminant), -0.5);
  return { x0: reshape(add(prior, gain), tokens.shape), logDensity };
}
