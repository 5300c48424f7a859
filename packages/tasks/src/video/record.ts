import type { Bundle } from "@diffusion-forcing/core";
import { check, schemas } from "@diffusion-forcing/core/backend";
import type { TaskRecord } from "@diffusion-forcing/core/bundle";
import * as v from "valibot";
import { framesSchema } from "./recipe.js";
import { levelSources, type TrainingLevels } from "./training-levels.js";
import { type WorldConfig, worldSchema } from "./world-config.js";

/** What a bundle says of the world that its model imagines. */
export interface VideoRecord extends TaskRecord {
  readonly kind: "video";
  readonly world: WorldConfig;
  /** Frames of a training sequence: the window of rollouts. */
  readonly frames: number;
  readonly levels: TrainingLevels;
}

const recordSchema = v.strictObject({
  kind: v.literal("video", '"video"'),
  world: worldSchema,
  frames: framesSchema,
  levels: schemas.choice(...levelSources),
});

/** @throws `invalid-config` for a bundle of another task */
export function videoRecordOf(bundle: Bundle): VideoRecord {
  return check("A model of videos", recordSchema, bundle.task, "invalid-config");
}
