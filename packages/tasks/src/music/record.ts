import { type Bundle, DiffusionForcingError } from "@diffusion-forcing/core";
import { check, schemas } from "@diffusion-forcing/core/backend";
import * as v from "valibot";

/** What the bundle of a music model says of itself. */
export interface MusicRecord {
  readonly kind: "music";
  /** Sixteenths of a token. */
  readonly sixteenths: number;
  /** Tokens of the excerpts that it was trained on. */
  readonly tokens: number;
}

const recordSchema = v.strictObject({
  kind: v.literal("music", '"music"'),
  sixteenths: schemas.integer(1, 64),
  tokens: schemas.integer(3, 1024),
});

/** @throws `invalid-config` for a model of another task, or one without a codec */
export function musicRecordOf({ task, codec }: Bundle): MusicRecord {
  const record = check("A model of music", recordSchema, task, "invalid-config");
  if (codec !== undefined) return record;
  throw new DiffusionForcingError(
    "invalid-config",
    "A model of music: it has no codec, so that nothing says which notes its tokens are.",
  );
}
