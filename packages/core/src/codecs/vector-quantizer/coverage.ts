import {
  add,
  div,
  exp,
  log,
  matmul,
  max,
  mean,
  mul,
  square,
  stopGradient,
  sub,
  sum,
} from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";

/** How soft the shares are, in units of the mean squared distance. */
const SOFTNESS = 0.05;
const ROUNDS = 3;

/**
 * The squared distance of every code from its even share of the latents, mean over the codes. Shares are those of optimal
 * transport (Cuturi 2013): every code is given as much as any other, from near where it lies, so that codes spread over the
 * data as the data lie.
 *
 * @param codebook [K, D], which the slope is for; `latents` [N, D] are taken as they are.
 */
export function unevenness(codebook: Value, latents: Value): Value {
  const squares = sum(square(latents), 1, true); // [N, 1]
  const products = matmul(latents, codebook, { transposeB: true });
  const distances = stopGradient(add(sub(squares, mul(products, 2)), sum(square(codebook), 1))); // [N, K]
  let shares = div(distances, mul(add(mean(distances), 1e-12), -SOFTNESS));
  for (let round = 0; round < ROUNDS; round++) {
    shares = sub(shares, logSumExp(shares, 0));
    shares = sub(shares, logSumExp(shares, 1));
  }
  const weights = exp(sub(shares, logSumExp(shares, 0))); // [N, K], columns of sum 1
  const given = matmul(weights, latents, { transposeA: true }); // [K, D]
  return mean(sum(square(sub(codebook, stopGradient(given))), 1));
}

/** Along an axis, which stays as 1. */
function logSumExp(x: Value, axis: number): Value {
  const highest = max(x, axis, true);
  return add(log(sum(exp(sub(x, highest)), axis, true)), highest);
}
