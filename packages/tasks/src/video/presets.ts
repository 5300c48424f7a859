import type { TaskTraining } from "../task.js";
import { gardenPlan } from "./maze/floor-plan.js";
import type { VideoRecipe } from "./recipe.js";
import { levelSources, type TrainingLevels } from "./training-levels.js";
import type { WorldConfig } from "./world-config.js";

const dots: WorldConfig = { kind: "dots", size: 6 };
const digits: WorldConfig = { kind: "digits", size: 32, digitSize: 16, digits: 2 };
const maze: WorldConfig = { kind: "maze", size: 32, plan: gardenPlan };

const cosine = { kind: "cosine", warmupSteps: 30 } as const;
const training = (steps: number, learningRate: number, emaDecay: number): TaskTraining => ({
  steps,
  learningRate,
  schedule: cosine,
  emaDecay,
});

const dotsRecipe = (width: number, layers: number, steps: number, emaDecay: number): VideoRecipe => ({
  world: dots,
  video: { frames: 5, batch: 16, levels: "independent" },
  process: { levels: 1000, objective: "v" },
  model: { kind: "dit3d", width, layers, heads: 4, patchSize: 2 },
  training: training(steps, 3e-3, emaDecay),
});

const digitsRecipe = (levels: TrainingLevels): VideoRecipe => ({
  world: digits,
  video: { frames: 10, batch: 2, levels },
  process: { levels: 1000, objective: "x0", normalized: true },
  model: { kind: "dit3d", width: 64, layers: 4, heads: 4, patchSize: 8, attention: "factorized" },
  training: training(3000, 3e-3, 0.995),
});

/** A U-Net of about a million numbers: slower than a transformer of that size, and sees each pixel's neighbours. */
const unet = {
  kind: "unet3d",
  width: 16,
  multipliers: [1, 2, 4],
  attentionFactors: [4],
  heads: 2,
  headWidth: 16,
} as const;

/** Recipes by name. */
export const videoPresets: Readonly<Record<string, VideoRecipe>> = {
  // Half a minute on two cores, for a first look; and what imagines dots for long.
  "dots-quick": dotsRecipe(32, 2, 600, 0.98),
  dots: dotsRecipe(64, 3, 3000, 0.995),
  "maze-world": {
    world: maze,
    video: { frames: 8, batch: 8, levels: "independent" },
    process: { levels: 1000, objective: "x0" },
    model: { kind: "dit3d", width: 96, layers: 4, heads: 4, patchSize: 8 },
    training: training(2400, 3e-3, 0.99),
  },
  "maze-world-unet": {
    world: maze,
    video: { frames: 8, batch: 4, levels: "independent" },
    process: { levels: 1000, objective: "v" },
    model: unet,
    training: training(4000, 1e-3, 0.99),
  },
  "moving-mnist": digitsRecipe("independent"),
  // What the paper compares with, and a deterministic predictor: the same network, other noise levels.
  ...Object.fromEntries(
    levelSources.slice(1).map((levels) => [`moving-mnist-${levels}`, digitsRecipe(levels)] as const),
  ),
  "moving-mnist-unet": {
    ...digitsRecipe("independent"),
    process: { levels: 1000, objective: "v", normalized: true },
    model: unet,
    training: training(4000, 1e-3, 0.99),
  },
};
