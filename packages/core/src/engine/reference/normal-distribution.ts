import { erf } from "./erf.js";

/** The standard normal distribution function. */
export function normalDistribution(x: number): number {
  return (1 + erf(x / Math.SQRT2)) / 2;
}
