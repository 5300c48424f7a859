import { check, schemas } from "@diffusion-forcing/core/backend";
import * as v from "valibot";
import { type CodecRecipe, codecRecipeEntries } from "../codec-training.js";
import { trainingSchema, transformerSizeSchema } from "../recipe-schemas.js";
import type { TaskRecipe } from "../task.js";

/** What is heard: melodies made up, played by a sine and a square wave; or soprano and bass of chorales, by flute and reed. */
export const WORLDS = ["waves", "chorales"] as const;
export type World = (typeof WORLDS)[number];

/** What a recipe says of the sounds, of the codec and of the prior. */
export interface SeparationRecipe extends TaskRecipe {
  readonly sounds: {
    readonly world: World;
    /** Steps of a melody in an excerpt; two tokens each. */
    readonly steps: number;
    /** Excerpts that codec, counts and prior learn from. */
    readonly excerpts: number;
    /** Sequences of a batch of the prior's training. */
    readonly batch: number;
  };
  readonly codec: CodecRecipe & { readonly codes: number };
  readonly model: { readonly width: number; readonly layers: number; readonly heads: number };
}

const recipeSchema = v.strictObject({
  sounds: v.strictObject({
    world: schemas.choice(...WORLDS),
    steps: schemas.integer(2, 512),
    excerpts: schemas.integer(1, 10_000),
    batch: schemas.integer(1, 4096),
  }),
  codec: v.strictObject({
    ...codecRecipeEntries,
    codes: schemas.integer(2, 4096),
  }),
  model: transformerSizeSchema,
  training: trainingSchema,
});

/** @throws `invalid-config` naming the field that is wrong */
export function parseSeparationRecipe(value: unknown): SeparationRecipe {
  return check("recipe", recipeSchema, value, "invalid-config") as SeparationRecipe;
}

const cosine = { kind: "cosine", warmupSteps: 100 } as const;

export const separationPresets: Readonly<Record<string, SeparationRecipe>> = {
  // What comes with the package.
  "separate-waves": {
    sounds: { world: "waves", steps: 24, excerpts: 200, batch: 16 },
    codec: { codes: 128, latentFeatures: 12, codecWidth: 128, codecSteps: 1000, codecLearningRate: 4e-3 },
    model: { width: 48, layers: 2, heads: 4 },
    training: { steps: 1000, learningRate: 4e-3, schedule: cosine, emaDecay: 0.99 },
  },
  "separate-chorales": {
    sounds: { world: "chorales", steps: 24, excerpts: 400, batch: 16 },
    codec: { codes: 512, latentFeatures: 16, codecWidth: 192, codecSteps: 2500, codecLearningRate: 4e-3 },
    model: { width: 64, layers: 2, heads: 4 },
    training: { steps: 1500, learningRate: 4e-3, schedule: cosine, emaDecay: 0.99 },
  },
};
