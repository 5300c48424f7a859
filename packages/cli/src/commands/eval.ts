import { formatEstimate } from "@diffusion-forcing/tasks";
import {
  evaluateMazePolicy,
  type MazeEvaluationSummary,
  type MazePlanner,
  mazes,
  type Plan,
  plannerPolicy,
} from "@diffusion-forcing/tasks/maze2d";
import { Command } from "commander";
import { type BackendChoice, openBackend } from "../backend.js";
import { backendOption } from "../backends/choice.js";
import { loadPlanner } from "../files/models.js";
import { jsonOption, quietOption, threadsOption, whole } from "../options.js";
import { type OnProgress, withProgress } from "../output/progress.js";
import { formatTable } from "../output/table.js";
import { addPlanningOptions, createPlanner, type PlanningOptions } from "../planner-options.js";
import { interruptible } from "../process/interrupt.js";

interface EvalOptions extends BackendChoice, PlanningOptions {
  readonly model: string;
  readonly episodes: number;
  readonly seed: number;
  readonly multiTask?: boolean;
  readonly batch: number;
  readonly quiet?: boolean;
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
    .addOption(quietOption)
    .addOption(jsonOption)
    .action(runEvaluation);
}

async function runEvaluation(options: EvalOptions): Promise<void> {
  await interruptible(
    (signal) => evaluatePlanner(options, signal),
    "stopping",
    () => "Stopped; nothing was measured to its end.",
  );
}

/**
 * The planner, telling how many of the plans that a step asks for it has made: the first step asks for one an episode,
 * which is most of the work.
 */
function withPlanProgress(
  planner: MazePlanner,
  batch: number,
  onProgress: OnProgress,
): Pick<MazePlanner, "config" | "plan"> {
  let steps = -1;
  return {
    config: planner.config,
    async plan(problems, random, signal) {
      steps = Math.max(steps, 0);
      const plans: Plan[] = [];
      for (let first = 0; first < problems.length; first += batch) {
        onProgress(steps, `planning ${first + 1} to ${Math.min(first + batch, problems.length)} of ${problems.length}`);
        const [some, streams] = [problems, random].map((all) => all.slice(first, first + batch));
        plans.push(...(await planner.plan(some as typeof problems, streams as typeof random, signal)));
      }
      return plans;
    },
  };
}

async function evaluatePlanner(options: EvalOptions, signal: AbortSignal): Promise<void> {
  const bundle = await loadPlanner(options.model);
  const maze = mazes[bundle.config.maze];
  const backend = await openBackend(options);
  const planner = createPlanner(bundle, maze, backend, options, Math.min(options.batch, options.episodes));
  const started = performance.now();
  let plans = 0;
  const evaluate = (onProgress: OnProgress) =>
    evaluateMazePolicy({
      maze,
      policy: plannerPolicy(withPlanProgress(planner, options.batch, onProgress), {
        signal,
        onPlan: () => {
          plans++;
        },
      }),
      episodes: options.episodes,
      seed: options.seed,
      multiTask: options.multiTask ?? false,
      signal,
      onProgress: ({ step }) => onProgress(step),
    });
  const { summary } = await withProgress("driving", maze.episodeLength, evaluate, { quiet: options.quiet });
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
