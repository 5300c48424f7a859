import { type Bundle, cosineSchedule, diffusionForcing, type Model } from "@diffusion-forcing/core";
import { check, schemas } from "@diffusion-forcing/core/backend";
import { modelFromConfig } from "@diffusion-forcing/core/models";
import * as v from "valibot";
import { trainingSchema } from "../recipe-schemas.js";
import type { TaskRecipe } from "../task.js";
import { levelSources, type TrainingLevels } from "./training-levels.js";
import type { World } from "./world.js";
import { type WorldConfig, worldSchema } from "./world-config.js";

/** How a model of a world is trained. */
export interface VideoRecipe extends TaskRecipe {
  readonly world: WorldConfig;
  readonly video: {
    /** Frames of a sequence, and of the window that the model sees later. */
    readonly frames: number;
    /** Sequences a step. */
    readonly batch: number;
    /** How noise levels are drawn; "independent" is Diffusion Forcing. */
    readonly levels: TrainingLevels;
  };
  readonly process: {
    readonly levels: number;
    readonly objective: "noise" | "x0" | "v";
    /**
     * Whether pixels become numbers of mean 0 and deviation 1: pictures that are mostly of one colour, such as white
     * digits on black, are learned several times faster so. Default false.
     */
    readonly normalized?: boolean;
  };
  /** A dit3d or unet3d without what follows from the world: `tokenShape` and `conditionFeatures`. */
  readonly model: { readonly kind: "dit3d" | "unet3d"; readonly [option: string]: unknown };
}

/** Frames of a sequence: more than are ever given. */
export const framesSchema: ReturnType<typeof schemas.integer> = schemas.integer(3, 256);

const recipeSchema = v.strictObject({
  world: worldSchema,
  video: v.strictObject({
    frames: framesSchema,
    batch: schemas.integer(1, 4096),
    levels: schemas.choice(...levelSources),
  }),
  process: v.strictObject({
    levels: schemas.integer(1, 10_000),
    objective: schemas.choice("noise", "x0", "v"),
    normalized: v.optional(v.boolean("true or false")),
  }),
  model: v.looseObject({ kind: schemas.choice("dit3d", "unet3d") }),
  training: trainingSchema,
});

/** @throws `invalid-config` naming the field that is wrong */
export function parseVideoRecipe(value: unknown): VideoRecipe {
  return check("recipe", recipeSchema, value, "invalid-config") as VideoRecipe;
}

/**
 * The model of a recipe, under its process. An estimate of clean frames is weighted by the limited signal-to-noise ratio,
 * as the paper's planner is. Where pixels have deviation 1 all levels count the same: the noisiest, which decide what a
 * frame will show, would count for too little, and rollouts fade.
 */
export function diffusionOf({ model, process }: VideoRecipe, world: World): Bundle["diffusion"] {
  const { levels, objective, normalized } = process;
  const lossWeighting = normalized
    ? ({ kind: "uniform" } as const)
    : ({ kind: "clamped-snr", low: 0.5, high: 5 } as const);
  return diffusionForcing({
    model: modelOf(model, world),
    schedule: cosineSchedule(levels),
    objective,
    ...(objective === "x0" ? { lossWeighting } : {}),
  });
}

function modelOf(model: VideoRecipe["model"], { tokenShape, actions }: World): Model {
  return modelFromConfig({ ...model, tokenShape, conditionFeatures: actions.length });
}
