import { check, schemas } from "@diffusion-forcing/core/backend";
import * as v from "valibot";
import type { Estimate } from "./task.js";

// Any numbers: NaN is what no trials come to, Infinity an end of what too few do.
const number = schemas.satisfying<number>("a number", (value) => typeof value === "number");
const schema = v.strictObject({
  estimate: v.object({ value: number, low: number, high: number }, "an estimate { value, low, high }"),
  scale: schemas.number(),
  digits: schemas.integer(0, 100),
  unit: v.string("a text"),
});

/** `97.0 [91.5, 99.0] %`: a value and its interval, scaled and rounded; `n/a` for what too few trials leave open. @throws `invalid-argument` */
export function formatEstimate(estimate: Estimate, scale = 1, digits = 1, unit = ""): string {
  check("formatEstimate", schema, { estimate, scale, digits, unit });
  const format = (value: number): string => (value * scale).toFixed(digits);
  const { value, low, high } = estimate;
  if (Number.isNaN(value)) return "n/a";
  const interval = Number.isFinite(low) && Number.isFinite(high) ? `${format(low)}, ${format(high)}` : "n/a";
  return `${format(value)} [${interval}]${unit && ` ${unit}`}`;
}
