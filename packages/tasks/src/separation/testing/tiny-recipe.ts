import type { SeparationRecipe } from "../recipe.js";

/** A recipe that learns next to nothing, in a second or two. */
export const tinyRecipe: SeparationRecipe = {
  sounds: { world: "waves", steps: 3, excerpts: 4, batch: 4 },
  codec: { codes: 8, latentFeatures: 4, codecWidth: 16, codecSteps: 10, codecLearningRate: 5e-3 },
  model: { width: 16, layers: 1, heads: 2 },
  training: { steps: 4, learningRate: 3e-3, schedule: { kind: "constant" }, emaDecay: 0.9 },
};
