import type { Estimate } from "./task.js";

/** `97.0 [91.5, 99.0] %`: a value and its interval, scaled and rounded; `n/a` for what too few trials leave open. */
export function formatEstimate(estimate: Estimate, scale = 1, digits = 1, unit = ""): string {
  const format = (value: number): string => (value * scale).toFixed(digits);
  const { value, low, high } = estimate;
  if (Number.isNaN(value)) return "n/a";
  const interval = Number.isFinite(low) && Number.isFinite(high) ? `${format(low)}, ${format(high)}` : "n/a";
  return `${format(value)} [${interval}]${unit && ` ${unit}`}`;
}
