import { check, schemas } from "@diffusion-forcing/core/backend";
import * as v from "valibot";
import { type CodecRecipe, codecRecipeEntries } from "../codec-training.js";
import { trainingSchema, transformerSizeSchema } from "../recipe-schemas.js";
import type { TaskRecipe } from "../task.js";

/** What a recipe says of the excerpts, of the codec and of the model. */
export interface MusicRecipe extends TaskRecipe {
  readonly music: {
    /** Sixteenths that a token stands for: half a bar is 8. */
    readonly sixteenths: number;
    /** Tokens of an excerpt. */
    readonly tokens: number;
    /** Excerpts of a batch. */
    readonly batch: number;
  };
  /** The autoencoder: its sizes, and how it is trained before the model is. */
  readonly codec: CodecRecipe & { readonly klWeight: number };
  readonly model: { readonly width: number; readonly layers: number; readonly heads: number };
}

const recipeSchema = v.strictObject({
  music: v.strictObject({
    sixteenths: schemas.integer(1, 64),
    tokens: schemas.integer(3, 1024),
    batch: schemas.integer(1, 4096),
  }),
  codec: v.strictObject({
    ...codecRecipeEntries,
    klWeight: schemas.number(0, 1e6),
  }),
  model: transformerSizeSchema,
  training: trainingSchema,
});

/** @throws `invalid-config` naming the field that is wrong */
export function parseMusicRecipe(value: unknown): MusicRecipe {
  return check("recipe", recipeSchema, value, "invalid-config") as MusicRecipe;
}

const cosine = { kind: "cosine", warmupSteps: 50 } as const;

export const musicPresets: Readonly<Record<string, MusicRecipe>> = {
  // What comes with the package.
  chorales: {
    music: { sixteenths: 8, tokens: 16, batch: 24 },
    codec: { latentFeatures: 32, codecWidth: 256, klWeight: 0.05, codecSteps: 2000, codecLearningRate: 3e-3 },
    model: { width: 128, layers: 3, heads: 4 },
    training: { steps: 1500, learningRate: 2e-3, schedule: cosine, emaDecay: 0.998 },
  },
  // A minute or two, for a first listen.
  "chorales-quick": {
    music: { sixteenths: 8, tokens: 8, batch: 32 },
    codec: { latentFeatures: 16, codecWidth: 128, klWeight: 0.05, codecSteps: 400, codecLearningRate: 5e-3 },
    model: { width: 64, layers: 2, heads: 4 },
    training: { steps: 600, learningRate: 3e-3, schedule: cosine, emaDecay: 0.99 },
  },
};
