import type { Accepted } from "./report.js";

/** Mutants that live because they change nothing that can be seen, each with the reason. */
export const accepted: readonly Accepted[] = [
  {
    file: "metrics/crps.ts",
    code: "y <= estimate",
    replacement: "y < estimate",
    reason: "Where y equals the estimate the loss is 0 either way.",
  },
  {
    file: "metrics/crps.ts",
    code: "Math.abs(q * count - nearest) < 1e-9 * count",
    replacement: "Math.abs(q * count - nearest) <= 1e-9 * count",
    reason: "The bound lies far from every rounding and from every product that is not whole.",
  },
  {
    file: "metrics/crps.ts",
    code: "1e-9 * count",
    replacement: "1e-9 / count",
    reason: "Doubles round a product of some hundreds by 1e-13: either bound is above that.",
  },
];
