import type { Estimate } from "./task.js";

/** `97.0 [91.5, 99.0] %`: a value and its interval, scaled and rounded. */
export function formatEstimate(estimate: Estimate, scale = 1, digits = 1, unit = ""): string {
  const format = (value: number): string => (value * scale).toFixed(digits);
  return `${format(estimate.value)} [${format(estimate.low)}, ${format(estimate.high)}]${unit && ` ${unit}`}`;
}
