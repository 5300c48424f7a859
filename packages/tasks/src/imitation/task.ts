import type { Task, TaskRecipe } from "../task.js";
import { evaluateImitation, imitationOptions } from "./evaluation.js";
import { type ImitationRecipe, imitationPresets, parseImitationRecipe } from "./recipe.js";
import { imitationJob } from "./training.js";

/** The paper's imitation with memory: a policy that has to remember where two fruits were to swap them. */
export const imitationTask: Task = {
  name: "imitation",
  summary: "swap two fruits, one at a time, by a policy that remembers where they were",
  presets: imitationPresets,
  parseRecipe: parseImitationRecipe,
  prepare: (recipe: TaskRecipe, context) => imitationJob(recipe as ImitationRecipe, context),
  evaluationOptions: imitationOptions,
  evaluate: evaluateImitation,
};
