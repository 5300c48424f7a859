import { evaluateMazePolicy, type MazeEvaluationSummary, mazes, plannerPolicy } from "@diffusion-forcing/tasks/maze2d";
import { Command } from "commander";
import { type BackendChoice, openBackend } from "../backend.js";
import { backendOption } from "../backends/choice.js";
import { loadPlanner } from "../files/models.js";
import { jsonOption, threadsOption, whole } from "../options.js";
import { formatEstimate } from "../output/estimate.js";
import { withProgress } from "../output/progress.js";
import { formatTable } from "../output/table.js";
import { addPlanningOptions, createPlanner, type PlanningOptions } from "../planner-options.js";

interface EvalOptions extends BackendChoice, PlanningOptions {
  readonly model: string;
  readonly episodes: number;
  readonly seed: number;
  readonly multiTask?: boolean;
  readonly batch: number;
  readonly json?: boolean;
}

export function evalCommand(): Command {
  const command = new Command("eval")
    .description("evaluate a Maze2D planner: success, steps to first reach, normalised score, hard starts, walls")
    .option("--model <name>", "umaze, medium, large or a model folder", "medium")
    .option("--episodes <n>", "how many episodes", whole("--episodes", 1), 100)
    .option("--seed <n>", "seed of the starts", whole("--seed"), 1000)
    .option("--multi-task", "a random goal for each episode")
    .option("--batch <n>", "plans denoised together", whole("--batch", 1), 10);
  return addPlanningOptions(command)
    .addOption(backendOption)
    .addOption(threadsOption)
    .addOption(jsonOption)
    .action(runEvaluation);
}

async function runEvaluation(options: EvalOptions): Promise<void> {
  const bundle = await loadPlanner(options.model);
  const maze = mazes[bundle.config.maze];
  const backend = await openBackend(options);
  const planner = createPlanner(bundle, maze, backend, options, Math.min(options.batch, options.episodes));
  const started = performance.now();
  let plans = 0;
  const { summary } = await withProgress("driving", maze.episodeLength, (onProgress) =>
    evaluateMazePolicy({
      maze,
      policy: plannerPolicy(planner, {
        onPlan: () => {
          plans++;
        },
      }),
      episodes: options.episodes,
      seed: options.seed,
      multiTask: options.multiTask ?? false,
      onProgress: ({ step }) => onProgress(step),
    }),
  );
  await planner.dispose();
  await backend.dispose();
  const seconds = (performance.now() - started) / 1000;
  const document = { model: options.model, ...summary, plans, seconds, support: options.support ?? false };
  process.stdout.write(options.json ? `${JSON.stringify(document)}\n` : `${formatSummary(summary)}\n`);
}

function formatSummary(summary: MazeEvaluationSummary): string {
  const { hard, planWallFraction } = summary;
  const rows = [
    ["success", formatEstimate(summary.success, 100, 1, "%")],
    ["  of hard starts", `${hard.successes}/${hard.episodes}`],
    ["steps to first reach", formatEstimate(summary.firstReach)],
    ["  relative to the expert", formatEstimate(summary.ratioToExpert, 1, 2)],
    ["normalised score", formatEstimate(summary.normalizedScore)],
    ["plan points in walls", planWallFraction === undefined ? "-" : `${(100 * planWallFraction).toFixed(2)} %`],
  ];
  const what = `${summary.maze}, ${summary.episodes} episodes, ${summary.multiTask ? "random goals" : "the maze's goal"}, seed ${summary.seed}`;
  return `${what} (95 % intervals)\n${formatTable(rows)}\n${summary.note}`;
}
