/** Metrics, and what they compare. */
import {
  crps,
  energyDistance,
  frechetDistance,
  maximumMeanDiscrepancy,
  psnr,
  quantileCrpsSum,
  ssim,
} from "@diffusion-forcing/core/metrics";
import { type Target, valueTarget } from "../target.js";
import { type Anything, foreign, spread } from "./subjects.js";

const points = { shape: [3, 2], data: [1, 2, 3, 4, 5, 6] };
const images = { shape: [1, 12, 12], data: Array.from({ length: 144 }, (_, i) => i / 144) };
export const metrics: readonly Target[] = [
  valueTarget("crps", [{ samples: points, truth: { shape: [2], data: [1, 2] } }], (f) => crps(f as Anything), foreign),
  valueTarget(
    "quantile crps",
    [
      {
        samples: { shape: [20, 1], data: Array.from({ length: 20 }, (_, i) => Math.sin(i)) },
        truth: { shape: [1], data: [2] },
      },
    ],
    (f) => quantileCrpsSum(f as Anything),
    foreign,
  ),
  ...Object.entries({ energyDistance, frechetDistance, maximumMeanDiscrepancy }).map(([name, distance]) =>
    valueTarget(name, [[points, points, {}]], (values) => spread(distance, values), foreign),
  ),
  valueTarget("psnr", [[images, images, 1]], (values) => spread(psnr, values), foreign),
  valueTarget("ssim", [[images, images, { range: 1, window: 11 }]], (values) => spread(ssim, values), foreign),
];
