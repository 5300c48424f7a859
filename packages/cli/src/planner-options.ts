import type { Backend } from "@diffusion-forcing/core";
import { autoregressive, fullSequence, type MatrixShape, pyramid, trapezoid } from "@diffusion-forcing/core";
import {
  createDataSupport,
  generateMazeDataset,
  type Maze,
  MazePlanner,
  type PlannerBundle,
  type ReachMethod,
} from "@diffusion-forcing/tasks/maze2d";
import { type Command, Option } from "commander";
import { positive, UsageError, whole } from "./options.js";

/** Options shared by the commands that plan. */
export interface PlanningOptions {
  readonly reach: "token" | "gradient";
  readonly scale: number;
  readonly samples: number;
  readonly guidanceWeights: "intended" | "aliased";
  readonly matrix: keyof typeof matrices;
  readonly uncertainty: number;
  readonly steps: number;
  readonly tokens?: number;
  readonly support?: boolean;
}

const matrices: Readonly<
  Record<"full-sequence" | "pyramid" | "trapezoid" | "autoregressive", (uncertainty: number) => MatrixShape>
> = {
  "full-sequence": () => fullSequence(),
  pyramid: (uncertainty) => pyramid({ uncertainty }),
  trapezoid: (uncertainty) => trapezoid({ uncertainty }),
  autoregressive: () => autoregressive(),
};

export function addPlanningOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--reach <method>", "how the goal is told: as a clean last token, or by gradient guidance")
        .choices(["token", "gradient"])
        .default("token"),
    )
    .option("--scale <x>", "strength of gradient guidance, per sample", positive("--scale"), 0.02)
    .option("--samples <n>", "futures per gradient (Monte Carlo guidance); 1 is without", whole("--samples", 1), 4)
    .addOption(
      new Option(
        "--guidance-weights <kind>",
        "weights of gradient guidance; aliased is what the official code computes",
      )
        .choices(["intended", "aliased"])
        .default("intended"),
    )
    .addOption(
      new Option("--matrix <name>", "the order of denoising").choices(Object.keys(matrices)).default("full-sequence"),
    )
    .option("--uncertainty <x>", "slope of pyramid and trapezoid", positive("--uncertainty"), 1)
    .option("--steps <n>", "DDIM steps a token takes", whole("--steps", 1), 20)
    .option("--tokens <n>", "length of plans in tokens (default: the shortest that is smooth)", whole("--tokens", 3))
    .option("--support", "only accept plans that keep to where data exists (no part of Diffusion Forcing)");
}

/** The planner that the options describe. */
export function createPlanner(
  bundle: PlannerBundle,
  maze: Maze,
  backend: Backend,
  options: PlanningOptions,
  batch: number,
): MazePlanner {
  const { reach, scale, samples, guidanceWeights, tokens } = options;
  const method: ReachMethod =
    reach === "token" ? { kind: "token" } : { kind: "gradient", scale, samples, weights: guidanceWeights };
  if (options.steps > bundle.config.schedule.levels) {
    throw new UsageError(`--steps is ${options.steps}; the model has ${bundle.config.schedule.levels} noise levels.`);
  }
  return new MazePlanner({
    backend,
    ...bundle,
    reach: method,
    matrix: matrices[options.matrix](options.uncertainty),
    steps: options.steps,
    batch,
    ...(tokens === undefined ? {} : { lengths: [tokens] }),
    ...(options.support ? { accept: supportCheck(maze) } : {}),
  });
}

/** Whether a plan keeps to the 0.1-bins that a freshly generated dataset of the maze's size visits. */
function supportCheck(maze: Maze): (positions: Float32Array) => boolean {
  const dataset = generateMazeDataset({ maze, steps: maze.datasetSize, seed: 1 });
  const support = createDataSupport(maze, dataset.observations);
  return (positions) => support.supported(positions);
}
