import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import {
  ancestral,
  createRandom,
  diffusionForcing,
  linearSchedule,
  tensor,
  variancePreserving,
} from "@diffusion-forcing/core";
import type { StartPrior } from "@diffusion-forcing/core/sampling";
import { gaussianMixture, kolmogorovSmirnovDistance, normalDistribution } from "@diffusion-forcing/core/testing";
import { markdown } from "../markdown.js";

const DRAWS = 20_000;

/** Data +-1 with deviation .1: how far a start and what is sampled from it are from their laws, by level. */
export async function truncatedTable(): Promise<string> {
  const process = variancePreserving(linearSchedule(1000), { objective: "x0", limit: { kind: "none" } });
  const { signal, noise } = process.path as NonNullable<typeof process.path>;
  const components = [-1, 1].map((mean) => ({ weight: 0.5, mean: [mean], covariance: [[0.01]] }));
  const forcing = diffusionForcing(gaussianMixture({ components }, { process }));
  const backend = await onnxBackend({ threads: 1 });
  const rows: (string | number)[][] = [];
  for (const level of [50, 100, 250, 500]) {
    const [alpha, sigma] = [signal[level] as number, noise[level] as number];
    const lawOf = (scale: number, std: number) => (x: number) =>
      (normalDistribution((x - scale) / std) + normalDistribution((x + scale) / std)) / 2;
    const exact: StartPrior = ({ noise: eps }) => {
      const random = createRandom(7);
      const data = eps.data.map((z) => alpha * ((random.uniform() < 0.5 ? -1 : 1) + 0.1 * random.normal()) + sigma * z);
      return tensor(data, eps.shape);
    };
    const sampled = async (prior: StartPrior): Promise<string> => {
      const sampler = forcing.sampler({
        backend,
        parameters: {},
        timesteps: level,
        solver: ancestral(),
        stabilizationLevel: 0,
        start: { level, prior },
      });
      const { data } = await sampler.sample({ batch: DRAWS, length: 1, seed: 1 });
      await sampler.dispose();
      return kolmogorovSmirnovDistance(data, lawOf(1, 0.1)).toFixed(3);
    };
    const grid = Array.from({ length: DRAWS }, (_, i) => quantile((i + 0.5) / DRAWS));
    const gap = kolmogorovSmirnovDistance(grid, lawOf(alpha, Math.sqrt(0.01 * alpha ** 2 + sigma ** 2)));
    rows.push([level, gap.toFixed(4), await sampled(exact), await sampled(({ noise: eps }) => eps)]);
  }
  await backend.dispose();
  return markdown(["level", "start: q from N(0, 1)", "samples, exact start", "samples, N(0, 1) start"], rows);
}

/** Of the standard normal law, by bisection. */
function quantile(share: number): number {
  let [low, high] = [-8, 8];
  for (let i = 0; i < 40; i++) {
    const middle = (low + high) / 2;
    if (normalDistribution(middle) < share) low = middle;
    else high = middle;
  }
  return low;
}
