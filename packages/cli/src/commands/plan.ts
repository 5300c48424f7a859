import { join } from "node:path";
import {
  drawAnimation,
  drawStill,
  evaluateMazePolicy,
  type MazeEvaluation,
  mazes,
  plannerPolicy,
  recordEpisode,
} from "@diffusion-forcing/tasks/maze2d";
import { encodeGif } from "@diffusion-forcing/tasks/pictures";
import { Command } from "commander";
import { type BackendChoice, openBackend } from "../backend.js";
import { backendOption } from "../backends/choice.js";
import { ensureWritable, writeAtomically } from "../files/atomic-write.js";
import { loadPlanner } from "../files/models.js";
import { jsonOption, seedOption, threadsOption } from "../options.js";
import { withProgress } from "../output/progress.js";
import { toPixels, toPng } from "../output/raster.js";
import { formatTable } from "../output/table.js";
import { addPlanningOptions, createPlanner, type PlanningOptions } from "../planner-options.js";

interface PlanOptions extends BackendChoice, PlanningOptions {
  readonly model: string;
  readonly seed: number;
  readonly multiTask?: boolean;
  readonly out: string;
  readonly json?: boolean;
}

/** In pixels. */
const [animationWidth, stillWidth] = [560, 1200];

export function planCommand(): Command {
  const command = new Command("plan")
    .description("plan a path through a maze, drive it, and draw both")
    .option("--model <name>", "umaze, medium, large or a model folder", "medium")
    .option("--multi-task", "a random goal instead of the maze's own")
    .option("--out <folder>", "where plan.gif, plan.png and plan.svg go", "out");
  return addPlanningOptions(command)
    .addOption(seedOption)
    .addOption(backendOption)
    .addOption(threadsOption)
    .addOption(jsonOption)
    .action(runPlan);
}

async function runPlan(options: PlanOptions): Promise<void> {
  const bundle = await loadPlanner(options.model);
  const maze = mazes[bundle.config.maze];
  const backend = await openBackend(options);
  await ensureWritable(options.out);
  const planner = createPlanner(bundle, maze, backend, options, 1);
  const times: number[] = [];
  let started = performance.now();
  let plannedTokens = 0;
  const recording = recordEpisode(planner, (onPlan) =>
    plannerPolicy(planner, {
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
  const { results, summary } = await withProgress("driving", maze.episodeLength, (onProgress) =>
    evaluateMazePolicy({
      maze,
      policy: timed,
      episodes: 1,
      seed: options.seed,
      multiTask: options.multiTask ?? false,
      onProgress: ({ step }) => onProgress(step),
    }),
  );
  const [result] = results as [MazeEvaluation["results"][number]];
  const story = await recording.story(result.success ? result.firstReach : undefined);
  await planner.dispose();
  await backend.dispose();

  const still = drawStill(story);
  const files = {
    animation: join(options.out, "plan.gif"),
    still: join(options.out, "plan.png"),
    drawing: join(options.out, "plan.svg"),
  };
  const frames = drawAnimation(story).map(({ svg, milliseconds }) => ({
    pixels: toPixels(svg, animationWidth, "#ffffff"),
    milliseconds,
  }));
  await writeAtomically(files.animation, encodeGif(frames));
  await writeAtomically(files.still, toPng(still, stillWidth));
  await writeAtomically(files.drawing, still);
  const document = {
    model: options.model,
    maze: maze.name,
    seed: options.seed,
    start: story.start,
    goal: story.goal,
    success: result.success,
    firstReach: result.firstReach,
    ratioToExpert: summary.ratioToExpert.value,
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

function formatPlan(
  plan: {
    maze: string;
    seed: number;
    start: readonly number[];
    goal: readonly number[];
    success: boolean;
    firstReach: number;
    ratioToExpert: number;
    normalizedScore: number;
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
      plan.success ? `after ${plan.firstReach} of ${episodeLength} steps` : `not within ${episodeLength} steps`,
    ],
    ["  relative to the expert", plan.ratioToExpert.toFixed(2)],
    ["normalised score", plan.normalizedScore.toFixed(1)],
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
