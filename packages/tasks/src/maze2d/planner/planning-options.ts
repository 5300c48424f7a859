import {
  autoregressive,
  type Backend,
  fullSequence,
  type MatrixShape,
  pyramid,
  trapezoid,
} from "@diffusion-forcing/core";
import type { PlanProgress } from "../../planning/planner-options.js";
import type { SearchOptions } from "../../planning/search.js";
import type { OptionSchemas, OptionValues } from "../../task-options.js";
import { generateMazeDataset } from "../dataset.js";
import type { Maze } from "../mazes.js";
import { createDataSupport } from "../support.js";
import type { PlannerBundle } from "./bundle.js";
import { mazeOf, type PlannerConfig } from "./config.js";
import { MazePlanner } from "./planner.js";
import { longestPlan, type MazePlannerOptions, type ReachMethod } from "./planner-options.js";

const matrices: Readonly<Record<string, (uncertainty: number) => MatrixShape>> = {
  "full-sequence": () => fullSequence(),
  pyramid: (uncertainty) => pyramid({ uncertainty }),
  trapezoid: (uncertainty) => trapezoid({ uncertainty }),
  autoregressive: () => autoregressive(),
};

/** How a planner plans, as options of whoever calls it; with its config, bounded by what it was trained on. */
export const planningOptions = (config?: PlannerConfig): OptionSchemas => ({
  reach: {
    kind: "choice",
    summary: "how the goal is told: as a clean last token, or by gradient guidance",
    choices: ["token", "gradient"],
    default: "token",
  },
  scale: { kind: "number", summary: "strength of gradient guidance, per sample", default: 0.5, low: 1e-9 },
  samples: {
    kind: "integer",
    summary: "futures per gradient (Monte Carlo guidance); 1 is without",
    default: 1,
    low: 1,
    high: 1024,
  },
  guidanceWeights: {
    kind: "choice",
    summary: "weights of gradient guidance; aliased is what the official code computes",
    choices: ["intended", "aliased"],
    default: "intended",
  },
  matrix: {
    kind: "choice",
    summary: "the order of denoising",
    choices: Object.keys(matrices),
    default: "full-sequence",
  },
  uncertainty: { kind: "number", summary: "slope of pyramid and trapezoid", default: 1, low: 1e-9 },
  steps: {
    kind: "integer",
    summary: "DDIM steps a token takes (default: 20, or as many as there are levels)",
    low: 1,
    ...(config ? { default: Math.min(20, config.schedule.levels), high: config.schedule.levels } : {}),
  },
  tokens: {
    kind: "integer",
    summary: "length of plans in tokens (default: the shortest that will do)",
    low: 3,
    ...(config
      ? { high: longestPlan(config), trained: [config.lengths[0], config.lengths.at(-1)] as [number, number] }
      : {}),
  },
  candidates: {
    kind: "integer",
    summary: "plans made at each length, of which the model's most consistent is taken (default: 2, by gradient 6)",
    low: 1,
    high: 64,
  },
  search: { kind: "flag", summary: "look for plans by tree search over partial denoisings" },
  expansions: {
    kind: "integer",
    summary: "nodes that a search expands after each length's first",
    default: 16,
    low: 1,
    high: 65_536,
  },
  children: { kind: "integer", summary: "children of a node of a search", default: 4, low: 1, high: 1024 },
  depth: {
    kind: "integer",
    summary: "stretches that a search cuts denoising into; at 1 it takes the best of independent samples",
    default: 4,
    low: 1,
    ...(config ? { high: config.schedule.levels } : {}),
  },
  support: {
    kind: "flag",
    summary: "only accept plans that keep to where data exists (no part of Diffusion Forcing)",
  },
});

/** The planner, in its own maze or another one of its size, that checked values of {@link planningOptions} describe. */
export function plannerFromOptions(
  bundle: PlannerBundle,
  backend: Backend,
  options: OptionValues,
  also: Pick<MazePlannerOptions, "batch" | "maze" | "onProgress"> = {},
): MazePlanner {
  const { tokens } = options;
  const steps = options.steps as number;
  return new MazePlanner({
    backend,
    ...bundle,
    ...also,
    reach: reachOf(options),
    matrix: (matrices[options.matrix as string] as (uncertainty: number) => MatrixShape)(options.uncertainty as number),
    steps,
    ...(options.candidates === undefined ? {} : { candidates: options.candidates as number }),
    ...(options.search ? { search: searchOf(options), candidates: 1 } : {}),
    ...(tokens === undefined ? {} : { lengths: [tokens as number] }),
    ...(options.support ? { accept: supportCheck(mazeOf(bundle.config.maze)) } : {}),
  });
}

/** What a planner is at, to be shown beside a bar. */
export function formatPlanProgress({ sequences, tokens, step, steps }: PlanProgress): string {
  return `${sequences === 1 ? "a plan" : `${sequences} plans`} of ${tokens} tokens, step ${step} of ${steps}`;
}

function searchOf({ expansions, children, depth }: OptionValues): SearchOptions {
  return { expansions: expansions as number, children: children as number, depth: depth as number };
}

function reachOf({ reach, scale, samples, guidanceWeights }: OptionValues): ReachMethod {
  if (reach === "token") return { kind: "token" };
  const weights = guidanceWeights as "intended" | "aliased";
  return { kind: "gradient", scale: scale as number, samples: samples as number, weights };
}

/** Whether a plan keeps to the 0.1-bins that a freshly generated dataset of the maze's size visits. */
function supportCheck(maze: Maze): (positions: Float32Array) => boolean {
  const dataset = generateMazeDataset({ maze, steps: maze.datasetSize, seed: 1 });
  const support = createDataSupport(maze, dataset.observations);
  return (positions) => support.supported(positions);
}
