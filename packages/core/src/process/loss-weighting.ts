import * as v from "valibot";
import { check, schemas } from "../engine/check.js";
import { describe } from "../engine/describe.js";
import { DiffusionForcingError } from "../engine/errors.js";

/** How tokens are weighted in the loss, as JSON. */
export type LossWeighting =
  /** Every token alike: by `scale`, default 1. The paper's planners and videos use half of `snr_clip`. */
  | { readonly kind: "uniform"; readonly scale?: number }
  /**
   * The running average of the past tokens' limited ratio alone, whatever the token's own level; the first token, which
   * has no past, weighs clip / 2. The paper's code with `use_cum_snr` but without `use_snr`.
   */
  | { readonly kind: "past-snr"; readonly clip: number; readonly decay: number }
  /** Hang et al. 2023: the ratio is limited to `clip`, so that nearly clean tokens do not dominate. */
  | { readonly kind: "min-snr"; readonly clip: number }
  /**
   * Diffusion Forcing's fused ratio: a noisy token after clean ones counts as if it were less noisy, by a running
   * average of the past tokens' limited ratio. `decay` in 0..1 is per token: whoever stacks n frames into a token
   * raises a per-frame decay to the power n.
   */
  | { readonly kind: "fused-snr"; readonly clip: number; readonly decay: number }
  /** clamp(snr, low, high) / high whatever the objective: the weighting of the paper's Maze2D planner (0.5 and 5). */
  | { readonly kind: "clamped-snr"; readonly low: number; readonly high: number };

const clip = schemas.positive();
const decay = schemas.number(0, 1);

const kinds: { readonly [Kind in LossWeighting["kind"]]: v.GenericSchema } = {
  uniform: v.strictObject({ kind: v.literal("uniform"), scale: v.optional(schemas.positive()) }),
  "min-snr": v.strictObject({ kind: v.literal("min-snr"), clip }),
  "fused-snr": v.strictObject({ kind: v.literal("fused-snr"), clip, decay }),
  "past-snr": v.strictObject({ kind: v.literal("past-snr"), clip, decay }),
  "clamped-snr": v.pipe(
    v.strictObject({ kind: v.literal("clamped-snr"), low: schemas.positive(), high: schemas.positive() }),
    v.check(({ low, high }) => low <= high, "low at most high"),
  ),
};

/** @throws `invalid-config` naming what is wrong */
export function checkLossWeighting(value: unknown): LossWeighting {
  const kind = typeof value === "object" && value !== null && "kind" in value ? value.kind : undefined;
  if (typeof kind !== "string" || !Object.hasOwn(kinds, kind)) {
    throw new DiffusionForcingError(
      "invalid-config",
      `A loss weighting's kind is ${describe(kind)}; the known ones are ${Object.keys(kinds).join(", ")}.`,
    );
  }
  return check("Loss weighting", kinds[kind as LossWeighting["kind"]], value, "invalid-config") as LossWeighting;
}
