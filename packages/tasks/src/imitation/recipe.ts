import { check, schemas } from "@diffusion-forcing/core/backend";
import * as v from "valibot";
import { trainingSchema, transformerSizeSchema } from "../recipe-schemas.js";
import type { TaskRecipe } from "../task.js";

/** The autoencoder that makes a few numbers of an image: its sizes, and how it is trained before the model is. */
export interface ImageCodecRecipe {
  readonly latentFeatures: number;
  readonly codecWidth: number;
  readonly klWeight: number;
  readonly codecSteps: number;
  readonly codecLearningRate: number;
}

/** What a recipe says of the demonstrations, of what the model is shown of the past, and of the model. */
export interface ImitationRecipe extends TaskRecipe {
  readonly data: {
    readonly view: "places" | "images";
    readonly demonstrations: number;
    readonly seed: number;
    readonly batch: number;
  };
  /**
   * "noised": Diffusion Forcing; the past has levels of its own. "clean": the next-token baseline, teacher forcing, which
   * is given the past as it is.
   */
  readonly past: "noised" | "clean";
  /** Of a view of images, and of no other. */
  readonly codec?: ImageCodecRecipe;
  /** What errors of the action count in the loss, where those of what is seen count 1. Default 1. */
  readonly actionWeight?: number;
  readonly model: { readonly width: number; readonly layers: number; readonly heads: number };
}

const recipeSchema = v.pipe(
  v.strictObject({
    data: v.strictObject({
      view: schemas.choice("places", "images"),
      demonstrations: schemas.integer(1, 100_000),
      seed: schemas.integer(0),
      batch: schemas.integer(1, 4096),
    }),
    past: schemas.choice("noised", "clean"),
    codec: v.exactOptional(
      v.strictObject({
        latentFeatures: schemas.integer(1, 1024),
        codecWidth: schemas.integer(1, 4096),
        klWeight: schemas.number(0, 1e6),
        codecSteps: schemas.integer(1, 1e9),
        codecLearningRate: schemas.positive(),
      }),
    ),
    actionWeight: v.exactOptional(schemas.positive()),
    model: transformerSizeSchema,
    training: trainingSchema,
  }),
  v.check(
    ({ data, codec }) => (data.view === "images") === (codec !== undefined),
    "a codec for a view of images, and for no other",
  ),
);

/** What a bundle records of the task. */
export interface ImitationRecord {
  readonly kind: "imitation";
  readonly view: "places" | "images";
  readonly past: "noised" | "clean";
}

const recordSchema = v.strictObject({
  kind: v.literal("imitation", '"imitation"'),
  view: schemas.choice("places", "images"),
  past: schemas.choice("noised", "clean"),
});

/** @throws `invalid-config` for a bundle of another task */
export function parseImitationRecord(value: unknown): ImitationRecord {
  return check("A model of imitation", recordSchema, value, "invalid-config") as ImitationRecord;
}

/** @throws `invalid-config` naming the field that is wrong */
export function parseImitationRecipe(value: unknown): ImitationRecipe {
  return check("recipe", recipeSchema, value, "invalid-config") as ImitationRecipe;
}

const schedule = { kind: "cosine", warmupSteps: 100 } as const;
const places: ImitationRecipe["data"] = { view: "places", demonstrations: 500, seed: 1, batch: 16 };
const model = { width: 96, layers: 3, heads: 4 } as const;

export const imitationPresets: Readonly<Record<string, ImitationRecipe>> = {
  // Two minutes on two cores, for a first look.
  "imitation-quick": {
    data: places,
    past: "noised",
    model: { width: 64, layers: 2, heads: 4 },
    training: { steps: 1500, learningRate: 2e-3, schedule, emaDecay: 0.99 },
  },
  imitation: {
    data: places,
    past: "noised",
    model,
    training: { steps: 4000, learningRate: 1.5e-3, schedule, emaDecay: 0.998 },
  },
  // An image is 10 numbers to the model, an action 3, and the action is what matters.
  "imitation-images": {
    data: { view: "images", demonstrations: 1000, seed: 1, batch: 16 },
    past: "noised",
    codec: { latentFeatures: 10, codecWidth: 128, klWeight: 0.3, codecSteps: 2500, codecLearningRate: 2e-3 },
    actionWeight: 5,
    model: { width: 128, layers: 3, heads: 4 },
    training: { steps: 6000, learningRate: 1.5e-3, schedule, emaDecay: 0.998 },
  },
  "imitation-next-token": {
    data: places,
    past: "clean",
    model,
    training: { steps: 4000, learningRate: 1.5e-3, schedule, emaDecay: 0.998 },
  },
};
