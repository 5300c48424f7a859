import { schemas } from "@diffusion-forcing/core/backend";
import * as v from "valibot";

/** Height and width of frames: a multiple of 4, for patches and U-Nets. */
const size = schemas.integer(4, 128);

/** What the worlds are made from, as JSON. */
export type WorldConfig =
  | { readonly kind: "dots"; readonly size: number }
  | { readonly kind: "digits"; readonly size: number; readonly digitSize: number; readonly digits: number }
  | { readonly kind: "maze"; readonly size: number; readonly plan: readonly string[] };

const dots = v.strictObject({ kind: v.literal("dots", '"dots"'), size });
const digits = v.strictObject({
  kind: v.literal("digits", '"digits"'),
  size,
  digitSize: schemas.integer(4, 28),
  digits: schemas.integer(1, 10),
});
const maze = v.strictObject({
  kind: v.literal("maze", '"maze"'),
  size,
  plan: v.pipe(v.array(v.pipe(v.string(), v.maxLength(64))), v.maxLength(64)),
});

export const worldSchema: v.GenericSchema<WorldConfig> = v.variant("kind", [dots, digits, maze]);
