import { join } from "node:path";
import { DiffusionForcingError } from "@diffusion-forcing/core";
import {
  drawAnimation,
  drawnMaze,
  drawStill,
  evaluateMazePolicy,
  formatPlanProgress,
  type Maze,
  type MazeEvaluation,
  mazeOf,
  type Position,
  plannerFromOptions,
  plannerPolicy,
  planningOptions,
  readDrawing,
  recordEpisode,
} from "@diffusion-forcing/tasks/maze2d";
import { encodeGif } from "@diffusion-forcing/tasks/pictures";
import { Command } from "commander";
import { type BackendChoice, openBackend } from "../backend.js";
import { backendOption } from "../backends/choice.js";
import { ensureWritable, writeAtomically } from "../files/atomic-write.js";
import { readInput } from "../files/input.js";
import { loadPlanner, modelFiles } from "../files/models.js";
import { checkOutputs, forceOption } from "../files/outputs.js";
import { jsonOption, modelOf, quietOption, seedOption, threadsOption } from "../options.js";
import { type OnProgress, withProgress } from "../output/progress.js";
import { toPixels, toPng } from "../output/raster.js";
import { formatTable } from "../output/table.js";
import { freePosition, position } from "../position-option.js";
import { interruptible } from "../process/interrupt.js";
import { commandLine } from "../process/invocation.js";
import { addTaskOptions, taskOptionValues } from "../task-options.js";

interface PlanOptions extends BackendChoice {
  readonly [option: string]: unknown;
  readonly model?: string;
  readonly seed: number;
  readonly multiTask?: boolean;
  readonly maze?: string;
  readonly start?: Position;
  readonly to?: Position;
  readonly out?: string;
  readonly force?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** Where pictures go unless told otherwise: those of the last plan make way. */
const usualFolder = "out";

/** More than any drawing has. */
const maxMazeBytes = 10_000;

/** In pixels. */
const [animationWidth, stillWidth] = [560, 1200];

export function planCommand(): Command {
  const command = new Command("plan")
    .description("plan a path through a maze, drive it, and draw both")
    .argument("[model]", "umaze, medium, large or a model folder (default: medium)")
    .option("--model <name>", "the model, if it is not the first word")
    .option("--maze <file>", "walls drawn as text (# wall, O floor, G goal), of the size that the model was trained in")
    .option(
      "--start <x,y>",
      "where to start, in cells as the picture's axes count them (default: random)",
      position("--start"),
    )
    .option("--to <x,y>", "where to go, in cells (default: the maze's goal)", position("--to"))
    .option("--multi-task", "a random goal instead of the maze's own")
    .option("--out <folder>", `where plan.gif, plan.png and plan.svg go (default: ${usualFolder}, replacing the last)`);
  return addTaskOptions(command, planningOptions())
    .addOption(seedOption)
    .addOption(backendOption)
    .addOption(threadsOption)
    .addOption(forceOption)
    .addOption(quietOption)
    .addOption(jsonOption)
    .action(runPlan);
}

async function runPlan(first: string | undefined, options: PlanOptions): Promise<void> {
  await interruptible(
    (signal) => planInMaze(modelOf(first, options.model), options, signal),
    "stopping",
    () => "Stopped; nothing was written.",
  );
}

async function planInMaze(model: string, options: PlanOptions, signal: AbortSignal): Promise<void> {
  const { out = usualFolder, multiTask = false, quiet, seed } = options;
  const files = {
    animation: join(out, "plan.gif"),
    still: join(out, "plan.png"),
    drawing: join(out, "plan.svg"),
  };
  const force = options.force ?? options.out === undefined;
  const inputs = [...modelFiles(model), ...(options.maze === undefined ? [] : [options.maze])];
  await checkOutputs({ files: Object.values(files), inputs, force });
  const bundle = await loadPlanner(model);
  const trained = mazeOf(bundle.config.maze);
  const maze = options.maze === undefined ? trained : await drawing(options.maze, model, trained);
  const start = options.start && freePosition("--start", options.start, maze);
  const goal = options.to && freePosition("--to", options.to, maze);
  const planning = await taskOptionValues(planningOptions(bundle.config), options);
  const backend = await openBackend(options);
  await ensureWritable(out);
  let onPlanning = (_note: string): void => {};
  const planner = plannerFromOptions(bundle, backend, planning, {
    onProgress: (progress) => onPlanning(formatPlanProgress(progress)),
    ...(options.maze === undefined ? {} : { maze }),
  });
  const times: number[] = [];
  let started = performance.now();
  let plannedTokens = 0;
  const recording = recordEpisode(planner, (onPlan) =>
    plannerPolicy(planner, {
      signal,
      onPlan: (episode, step, plan) => {
        times.push(performance.now() - started);
        if (plannedTokens === 0) plannedTokens = plan.tokens;
        onPlan(episode, step, plan);
      },
    }),
  );
  const timed = {
    ...recording.policy,
    act(step: number, observations: Float64Array, actions: Float64Array) {
      started = performance.now();
      return recording.policy.act(step, observations, actions);
    },
  };
  const drive = (onProgress: OnProgress): Promise<MazeEvaluation> => {
    let driven = 0;
    onPlanning = (note) => onProgress(driven, note);
    return evaluateMazePolicy({
      maze,
      policy: timed,
      episodes: 1,
      seed,
      multiTask,
      ...(start ? { start } : {}),
      ...(goal ? { goal } : {}),
      signal,
      onProgress: ({ step }) => {
        driven = step;
        onProgress(step);
      },
    });
  };
  const { results, summary } = await withProgress("driving", maze.episodeLength, drive, { quiet });
  const [result] = results as [MazeEvaluation["results"][number]];
  const story = await recording.story(result.success ? result.firstReach : undefined);
  await planner.dispose();
  await backend.dispose();

  const still = drawStill(story);
  const frames = drawAnimation(story).map(({ svg, milliseconds }) => ({
    pixels: toPixels(svg, animationWidth, "#ffffff"),
    milliseconds,
  }));
  await writeAtomically(files.animation, encodeGif(frames));
  await writeAtomically(files.still, toPng(still, stillWidth));
  await writeAtomically(files.drawing, still);
  const document = {
    model,
    maze: maze.name,
    seed: options.seed,
    start: story.start,
    goal: story.goal,
    success: result.success,
    firstReach: result.firstReach,
    // A failure counts as the full episode, which compares with nothing.
    ratioToExpert: result.success ? summary.ratioToExpert.value : null,
    normalizedScore: result.normalizedScore,
    plans: times.length,
    firstPlanTokens: plannedTokens,
    planWallFraction: summary.planWallFraction,
    // The first plan compiles each length it tries.
    firstPlanMilliseconds: times[0],
    note: summary.note,
    files,
  };
  process.stdout.write(
    options.json ? `${JSON.stringify(document)}\n` : `${formatPlan(document, maze.episodeLength)}\n`,
  );
}

/**
 * The maze that a file draws; the trained one, with the goal of the drawing, if its walls are the same.
 *
 * @throws `invalid-data` for what is no maze, `invalid-argument` for one of another size
 */
async function drawing(file: string, model: string, trained: Maze): Promise<Maze> {
  const maze = drawnMaze(readDrawing({ name: file, bytes: await readInput(file, maxMazeBytes) }));
  if (maze.rows !== trained.rows || maze.columns !== trained.columns) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `${file} draws a maze of ${maze.rows} by ${maze.columns} cells; the model ${model} was trained in one of ${trained.rows} by ${trained.columns}. Train one there: ${commandLine("train", "maze2d", "--preset", "quick", "--maze", file, "--out", "out/maze")}`,
    );
  }
  const differing = maze.walls.filter((wall, cell) => wall !== trained.walls[cell]).length;
  if (differing === 0) return { ...trained, goalCell: maze.goalCell };
  process.stderr.write(
    `note: ${differing} cells of ${file} are not as in the maze the model was trained in; plans through its walls are refused\n`,
  );
  return maze;
}

function formatPlan(
  plan: {
    maze: string;
    seed: number;
    start: readonly number[];
    goal: readonly number[];
    success: boolean;
    firstReach: number;
    ratioToExpert: number | null;
    normalizedScore: number | undefined;
    plans: number;
    firstPlanTokens: number;
    planWallFraction: number | undefined;
    note: string;
    files: Readonly<Record<string, string>>;
  },
  episodeLength: number,
): string {
  const point = (values: readonly number[]): string => `(${values.map((value) => value.toFixed(2)).join(", ")})`;
  const rows = [
    ["maze, seed", `${plan.maze}, ${plan.seed}`],
    ["start -> goal", `${point(plan.start)} -> ${point(plan.goal)}`],
    [
      "goal reached",
      plan.success
        ? `after ${plan.firstReach} of ${episodeLength} steps`
        : `no, it did not arrive within ${episodeLength} steps`,
    ],
    ...(plan.ratioToExpert === null ? [] : [["  relative to the expert", plan.ratioToExpert.toFixed(2)]]),
    ...(plan.normalizedScore === undefined ? [] : [["normalised score", plan.normalizedScore.toFixed(1)]]),
    [
      "plans made",
      plan.plans === 0
        ? "none, the start is at the goal"
        : `${plan.plans}, the first of ${plan.firstPlanTokens} tokens`,
    ],
    ["plan points in walls", `${(100 * (plan.planWallFraction ?? 0)).toFixed(2)} %`],
  ];
  return `${formatTable(rows)}\nwrote ${Object.values(plan.files).join(", ")}\n${plan.note}`;
}
