import type { Bundle } from "@diffusion-forcing/core";
import { DiffusionForcingError } from "@diffusion-forcing/core";
import { check, schemas } from "@diffusion-forcing/core/backend";
import * as v from "valibot";
import { fitNormalizer } from "../planning/frames.js";
import { trainingWindows } from "../planning/training-windows.js";
import type { EvaluationContext, PreparationContext, Task, TaskJob, TaskRecipe, TaskReport } from "../task.js";
import { checkOptionValues, type OptionFile, type OptionSchemas } from "../task-options.js";
import { formatEstimate } from "../task-report.js";
import { generateMazeDataset, mazeDatasetChecksum } from "./dataset.js";
import { readDrawing } from "./drawn-maze.js";
import { evaluateMazePolicy, type MazeEvaluationSummary } from "./evaluation.js";
import { bundleOfPlanner, plannerOfBundle } from "./planner/bundle.js";
import { mazeOf, parsePlannerConfig } from "./planner/config.js";
import { datasetFrames, featuresPerFrame } from "./planner/frames.js";
import { plannerPolicy } from "./planner/planner-policy.js";
import { formatPlanProgress, plannerFromOptions, planningOptions } from "./planner/planning-options.js";
import { type PlannerPreset, plannerPresets, presetForMaze } from "./planner/presets.js";

/** Far beyond any training; a recipe from elsewhere must not make its reader allocate without end. */
const upTo = (most: number) => schemas.integer(1, most);

const recipeSchema = v.strictObject({
  planner: v.unknown(),
  training: v.strictObject({
    steps: upTo(1e9),
    tokensPerStep: upTo(1e6),
    dataSteps: upTo(2e7),
    dataSeed: schemas.integer(0),
    learningRate: schemas.positive(),
    schedule: v.strictObject({
      kind: schemas.choice("constant", "cosine"),
      warmupSteps: v.optional(schemas.integer(0)),
    }),
    emaDecay: schemas.number(0, 1 - 1e-12),
  }),
});

function parseRecipe(value: unknown): TaskRecipe & PlannerPreset {
  const recipe = check("recipe", recipeSchema, value, "invalid-config");
  const planner = parsePlannerConfig(recipe.planner);
  const longest = (planner.lengths.at(-1) as number) * planner.frameStack;
  if (recipe.training.dataSteps < longest) {
    throw new DiffusionForcingError(
      "invalid-config",
      `recipe: training.dataSteps is ${recipe.training.dataSteps}; expected at least ${longest}, the frames of the longest window.`,
    );
  }
  return { ...recipe, planner } as TaskRecipe & PlannerPreset;
}

const trainingOptions: OptionSchemas = {
  maze: {
    kind: "file",
    summary: "a maze of your own, drawn as text: # walls, O floor, G the goal; the recipe's lengths then fit its ways",
    maxBytes: 10_000,
  },
};

async function prepare(recipe: TaskRecipe, context?: PreparationContext): Promise<TaskJob> {
  const { maze: drawing } = checkOptionValues("maze2d", trainingOptions, context?.options ?? {});
  const preset = recipe as TaskRecipe & PlannerPreset;
  const { planner, training } =
    drawing === undefined ? preset : presetForMaze(preset, readDrawing(drawing as OptionFile));
  const { dataSteps, dataSeed, tokensPerStep } = training;
  const maze = mazeOf(planner.maze);
  const dataset = generateMazeDataset({ maze, steps: dataSteps, seed: dataSeed });
  const frames = datasetFrames(dataset, planner.fields);
  const normalizer = fitNormalizer([frames], featuresPerFrame(planner.fields));
  const { frameStack, lengths, schedule } = planner;
  const { diffusion, codec, task, trainedOn, card } = bundleOfPlanner({ config: planner, parameters: {}, normalizer });
  return {
    diffusion,
    batches: trainingWindows({
      trajectories: [frames],
      normalizer,
      frameStack,
      lengths,
      levels: schedule.levels,
      tokensPerStep,
    }),
    ...(codec ? { codec } : {}),
    record: task as NonNullable<typeof task>,
    ...(trainedOn ? { trainedOn } : {}),
    ...(card ? { card } : {}),
    about: { maze: maze.name, dataChecksum: await mazeDatasetChecksum(dataset) },
  };
}

const evaluationOptions = (bundle?: Bundle): OptionSchemas => ({
  episodes: { kind: "integer", summary: "how many episodes", default: 100, low: 1, high: 100_000 },
  seed: { kind: "integer", summary: "seed of the starts", default: 1000, low: 0 },
  multiTask: { kind: "flag", summary: "a random goal for each episode" },
  once: { kind: "flag", summary: "one plan an episode, followed to its end: no planning anew" },
  batch: { kind: "integer", summary: "plans denoised together", default: 100, low: 1, high: 65_536 },
  ...planningOptions(bundle && plannerOfBundle(bundle).config),
});

async function evaluate(bundle: Bundle, context: EvaluationContext): Promise<TaskReport> {
  const planned = plannerOfBundle(bundle);
  const { backend, signal, onProgress } = context;
  const options = checkOptionValues("maze2d", evaluationOptions(bundle), context.options);
  const { episodes, seed, multiTask, once, search, support } = options as {
    episodes: number;
    seed: number;
    multiTask: boolean;
    once: boolean;
    search: boolean;
    support: boolean;
  };
  const maze = mazeOf(planned.config.maze);
  let [plans, step] = [0, 0];
  const report = (note?: string): void => onProgress?.(step, maze.episodeLength, note);
  const planner = plannerFromOptions(planned, backend, options, {
    batch: Math.min(options.batch as number, episodes),
    // The first step asks for a plan an episode, which is most of the work.
    onProgress: (progress) => report(formatPlanProgress(progress)),
  });
  try {
    const { summary } = await evaluateMazePolicy({
      maze,
      policy: plannerPolicy(planner, {
        ...(signal ? { signal } : {}),
        once,
        onPlan: () => {
          plans++;
        },
      }),
      episodes,
      seed,
      multiTask,
      ...(signal ? { signal } : {}),
      onProgress: (progress) => {
        step = progress.step;
        report();
      },
    });
    const { evaluations } = planner;
    const cost = ["model evaluations per episode", (evaluations / episodes).toFixed(0)] as const;
    const { rows, ...rest } = shown(summary);
    return { ...rest, rows: [...rows, cost], document: { ...summary, plans, evaluations, once, search, support } };
  } finally {
    await planner.dispose();
  }
}

function shown(summary: MazeEvaluationSummary): Omit<TaskReport, "document"> {
  const { hard, normalizedScore, planWallFraction } = summary;
  const goals = summary.multiTask ? "random goals" : "the maze's goal";
  return {
    title: `${summary.maze}, ${summary.episodes} episodes, ${goals}, seed ${summary.seed} (95 % intervals)`,
    rows: [
      ["success", formatEstimate(summary.success, 100, 1, "%")],
      ["  of hard starts", `${hard.successes}/${hard.episodes}`],
      ["steps to first reach", formatEstimate(summary.firstReach)],
      ["  relative to the expert", formatEstimate(summary.ratioToExpert, 1, 2)],
      ...(normalizedScore === undefined ? [] : [["normalised score", formatEstimate(normalizedScore)] as const]),
      ["plan points in walls", planWallFraction === undefined ? "-" : `${(100 * planWallFraction).toFixed(2)} %`],
    ],
    note: summary.note,
  };
}

/** Planning in D4RL's Maze2D: bundles are planners. */
export const maze2dTask: Task = {
  name: "maze2d",
  summary: "plan paths through D4RL's mazes and drive them",
  presets: plannerPresets as unknown as Task["presets"],
  parseRecipe,
  trainingOptions,
  prepare,
  evaluationOptions,
  evaluate,
};
