import type { RandomStream } from "@diffusion-forcing/core";
import type { Plan } from "../../planning/plan.js";
import { Planner } from "../../planning/planner.js";
import type { PlanProblem } from "../../planning/planner-options.js";
import { generateMazeDataset } from "../dataset.js";
import { goalRadius } from "../environment.js";
import { type Maze, wallFraction } from "../mazes.js";
import { mazeOf, type PlannerConfig, plannerDiffusion } from "./config.js";
import { datasetFrames, featuresPerFrame } from "./frames.js";
import { checkMazePlannerOptions, checkMazeProblem, type MazePlannerOptions } from "./planner-options.js";
import { reachGoal } from "./reach-goal.js";

/** Enough to know how consistent real windows are. */
const calibrationSteps = 50_000;

/** Data as the planner was trained on, freshly generated. */
function calibrationFrames({ maze, fields }: PlannerConfig): Float32Array {
  return datasetFrames(generateMazeDataset({ maze: mazeOf(maze), steps: calibrationSteps, seed: 1 }), fields);
}

/**
 * Guidance bends plans, so that the model itself finds even those that can be driven stranger than the data, and draws fewer
 * of them: more are made, and the limit is wider.
 */
const judgedBy = {
  token: { candidates: 2, inconsistency: 1 },
  gradient: { candidates: 6, inconsistency: 2.5 },
} as const;

/** A trained planner of a maze: turns problems into plans by denoising, several at a time. */
export class MazePlanner extends Planner {
  readonly config: PlannerConfig;
  /** Where it plans. */
  readonly maze: Maze;

  /** @throws `invalid-argument` for illegal options, `checkpoint-mismatch` for the weights of another model. */
  constructor(options: MazePlannerOptions) {
    checkMazePlannerOptions(options);
    const { config, maze, reach = { kind: "token" }, accept = () => true, ...rest } = options;
    const { fields, frameStack, lengths } = config;
    const actionFeatures = fields.includes("action") ? 2 : 0;
    super({
      lengths,
      smoothness: 0.42,
      ...judgedBy[reach.kind],
      data: [calibrationFrames(config)],
      arrival: goalRadius / 2,
      stabilizationLevel: Math.min(10, config.schedule.levels),
      ...rest,
      accept: maze === undefined ? accept : (positions) => accept(positions) && wallFraction(maze, positions) === 0,
      diffusion: plannerDiffusion(config),
      frameStack,
      ...(reach.kind === "gradient"
        ? {
            guidance: reachGoal({
              guidanceScale: reach.scale,
              frameStack,
              observationFeatures: featuresPerFrame(fields) - actionFeatures,
              actionFeatures,
              samples: reach.samples ?? 1,
              ...(reach.weights === undefined ? {} : { weights: reach.weights }),
            }),
          }
        : {}),
    });
    this.config = config;
    this.maze = maze ?? mazeOf(config.maze);
  }

  /** As {@link Planner.plan}. @throws also `invalid-argument` for a present or goal outside the maze or a goal in a wall */
  override async plan(
    problems: readonly PlanProblem[],
    random: readonly RandomStream[],
    signal?: AbortSignal,
  ): Promise<Plan[]> {
    for (const problem of problems) checkMazeProblem(this.maze, this.config.fields, problem);
    return super.plan(problems, random, signal);
  }
}
