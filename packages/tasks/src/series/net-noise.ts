import type { GaussianPath } from "@diffusion-forcing/core/process";

/**
 * What each draw of noise counts in a token that comes out of noise alone by ancestral steps, if tokens are standard
 * normal: x_0 = sum_j w_j z_j, z_0 being what it starts from and z_m the noise of step m; the last step has none. The
 * estimate of such a token is alpha x / (alpha^2 + sigma^2), so that a step is linear (`posterior` has its law).
 *
 * @param visited levels of the walk, K first and 0 last.
 * @param variance of a step's noise between its two bounds, see `ancestral`.
 * @returns one number for each step of the walk, their squares adding up to 1.
 */
export function netNoiseWeights(path: GaussianPath, visited: readonly number[], variance: number): number[] {
  const at = (m: number): { alpha: number; sigma: number } => {
    const level = visited[m] as number;
    return { alpha: path.signal[level] as number, sigma: path.noise[level] as number };
  };
  const weights = [at(0).sigma];
  for (let m = 1; m < visited.length - 1; m++) {
    const [from, to] = [at(m - 1), at(m)];
    const kept = (from.alpha * to.sigma) / (from.sigma * to.alpha);
    const removed = Math.max(0, 1 - kept * kept);
    const passed =
      (kept * to.sigma) / from.sigma + (removed * to.alpha * from.alpha) / (from.alpha ** 2 + from.sigma ** 2);
    for (let j = 0; j < m; j++) weights[j] = (weights[j] as number) * passed;
    // Between the deviations of the posterior and of the forward process, in the logarithm.
    weights.push(Math.sqrt(removed) * to.sigma ** (1 - variance) * from.sigma ** variance);
  }
  const size = Math.hypot(...weights);
  return weights.map((weight) => weight / size);
}
