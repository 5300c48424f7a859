import * as v from "valibot";
import { schemas } from "../../engine/check.js";
import { add, maximum, minimum, mul, neg, sub } from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import type { GaussianPath, ValueRange } from "../process.js";
import { atLevel } from "../tables.js";
import { signalToNoiseOf } from "./path.js";

/**
 * A limit on the estimate of the clean token, as JSON. At the noisiest levels an estimate is a small difference divided by
 * a smaller signal: a network's error of a percent becomes an estimate far outside the data, and a step that believes
 * it throws the sample out of what the network was trained on.
 */
export type EstimateLimit =
  /**
   * The range of the data the model was trained on, channel by channel, and `margin` times its span beyond it; training
   * stores it among the weights. Where it is not known, 1.5 + 8 alpha / sigma: for data of about unit size around 0 that
   * never binds where a token holds signal.
   */
  | { readonly kind: "data"; readonly margin: number }
  /** Static thresholding, for data of a known range: -bound..bound. */
  | { readonly kind: "static"; readonly bound: number }
  | { readonly kind: "none" };

/** Chosen by experiment on trained models: see ARCHITECTURE.md, "Defaults". */
export const defaultLimit: EstimateLimit = { kind: "data", margin: 0.1 };

export const limitSchema: v.GenericSchema<EstimateLimit> = v.variant(
  "kind",
  [
    v.strictObject({ kind: v.literal("data"), margin: schemas.number(0) }),
    v.strictObject({ kind: v.literal("static"), bound: schemas.positive() }),
    v.strictObject({ kind: v.literal("none") }),
  ],
  'a limit of kind "data", "static" or "none"',
);

/** The estimate within its limit, [B, T, ...]. */
export function limited(
  path: GaussianPath,
  limit: EstimateLimit,
  clean: Value,
  levels: Value,
  range: ValueRange | undefined,
): Value {
  switch (limit.kind) {
    case "none":
      return clean;
    case "static":
      return maximum(minimum(clean, limit.bound), -limit.bound);
    case "data": {
      if (range === undefined) return withinSignal(path, clean, levels);
      const margin = mul(sub(range.maximum, range.minimum), limit.margin);
      return maximum(minimum(clean, add(range.maximum, margin)), sub(range.minimum, margin));
    }
  }
}

function withinSignal(path: GaussianPath, clean: Value, levels: Value): Value {
  // float32 has no larger number; nothing is limited where a token is clean.
  const bounds = signalToNoiseOf(path).map((snr) => Math.min(1.5 + 8 * Math.sqrt(snr), 3e38));
  const bound = atLevel(bounds, levels, clean.shape.length);
  return maximum(minimum(clean, bound), neg(bound));
}
