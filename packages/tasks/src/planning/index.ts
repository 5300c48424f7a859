export type { Environment } from "./environment.js";
export { fitNormalizer, type Normalizer } from "./frames.js";
export type { Plan } from "./plan.js";
export { type DrivenEpisode, type PlanDriver, type PlanDriverOptions, planDriver } from "./plan-driver.js";
export { Planner, planStreams } from "./planner.js";
export type { PlannerOptions, PlanProblem, PlanProgress } from "./planner-options.js";
export { type PlanningSequences, type TrainingWindowsOptions, trainingWindows } from "./training-windows.js";
