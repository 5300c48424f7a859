import type { DiffusionProcess } from "../../diffusion/loss.js";
import { add, broadcastTo, concat, constant, div, matmul, mul, reshape, slice, sub } from "../../graph/operations.js";
import type { Value } from "../../graph/value.js";
import { tensor } from "../../tensor/tensor.js";
import { exactProcess, type OracleOptions } from "./exact-denoiser.js";

/** The law of a sequence of T numbers: jointly normal. */
export interface GaussianLaw {
  /** T entries. */
  readonly mean: readonly number[];
  /** T rows of T. */
  readonly covariance: readonly (readonly number[])[];
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

/**
 * What a linear-Gaussian state space model shows: h_0 ~ N(0, p), h_t = a h_{t-1} + N(0, q), x_t = c h_t + N(0, r), with a
 * state of one number.
 */
export function stateSpaceLaw(
  length: number,
  {
    p,
    a,
    q,
    c,
    r,
  }: { readonly p: number; readonly a: number; readonly q: number; readonly c: number; readonly r: number },
): GaussianLaw {
  const variances: number[] = [p];
  for (let t = 1; t < length; t++) variances.push(a * a * (variances[t - 1] as number) + q);
  return {
    mean: new Array<number>(length).fill(0),
    covariance: Array.from({ length }, (_, i) =>
      Array.from({ length }, (_, j) => {
        const shared = (variances[Math.min(i, j)] as number) * a ** Math.abs(i - j);
        return c * c * shared + (i === j ? r : 0);
      }),
    ),
  };
}

/**
 * The exact denoiser of a jointly normal sequence, every token at its own level: with A and N the diagonal factors of
 * signal and noise, E[x0 | x] = m + C A (A C A + N^2)^-1 (x - A m). The system is solved in the graph by elimination,
 * which takes some ten nodes a token.
 */
export function gaussianSequence(law: GaussianLaw, options?: OracleOptions): DiffusionProcess {
  const length = law.mean.length;
  const mean = constant(tensor(Float32Array.from(law.mean), [1, length, 1]));
  const covariance = constant(tensor(Float32Array.from(law.covariance.flat()), [1, length, length]));
  const identity = constant(
    tensor(
      Float32Array.from({ length: length * length }, (_, i) => (i % (length + 1) === 0 ? 1 : 0)),
      [1, length, length],
    ),
  );
  return exactProcess(
    [1],
    ({ tokens, signal, noise }) => {
      const batch = tokens.shape[0] as number;
      const columns = reshape(signal, [batch, 1, length]);
      const observed = add(mul(mul(covariance, signal), columns), mul(identity, mul(noise, noise)));
      const weights = solve(observed, sub(tokens, mul(signal, mean)));
      const gain = broadcastTo(covariance, [batch, length, length]);
      return add(mean, matmul(gain, mul(signal, weights)));
    },
    options,
  );
}

/** M^-1 y for positive definite M [B, T, T] and y [B, T, 1], by Gauss-Jordan elimination without exchanges. */
function solve(matrix: Value, right: Value): Value {
  const [batch, length] = matrix.shape as [number, number, number];
  let rest = concat([matrix, right], 2); // [B, T, T + 1]
  for (let k = 0; k < length; k++) {
    const row = slice(rest, 1, k, k + 1); // [B, 1, T + 1]
    const column = slice(rest, 2, k, k + 1); // [B, T, 1]
    const pivot = slice(row, 2, k, k + 1); // [B, 1, 1]
    const isRow = constant(
      tensor(
        Float32Array.from({ length }, (_, i) => (i === k ? 1 : 0)),
        [1, length, 1],
      ),
    );
    rest = sub(rest, mul(sub(column, isRow), div(row, pivot)));
  }
  return reshape(slice(rest, 2, length, length + 1), [batch, length, 1]);
}
