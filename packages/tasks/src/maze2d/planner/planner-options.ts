import { DiffusionForcingError } from "@diffusion-forcing/core";
import { check, describe, schemas } from "@diffusion-forcing/core/backend";
import * as v from "valibot";
import { parseNormalizer } from "../../planning/frames.js";
import { checkProblem, type PlannerOptions, type PlanProblem } from "../../planning/planner-options.js";
import { cellIndex, insideWall, type Maze } from "../mazes.js";
import { mazeOf, type PlannerConfig, parsePlannerConfig } from "./config.js";
import { type FrameField, featuresPerFrame } from "./frames.js";

/** How the planner is told where to go. */
export type ReachMethod =
  /** The last token is the goal, clean: natural to per-token noise levels, and without a scale. */
  | { readonly kind: "token" }
  /** The gradient of {@link reachGoal}, averaged over `samples` futures (default 1, without Monte Carlo). */
  | {
      readonly kind: "gradient";
      /** Per sample. The official scale is this times the batch size. */
      readonly scale: number;
      readonly samples?: number;
      readonly weights?: "intended" | "aliased";
    };

/**
 * Those of any planner, whose sequences the config describes. By default lengths are those trained on; of 2 candidates,
 * of 6 by gradient, the one is taken that the model itself moves least; plans may jump by 0.42 and end 0.25 from the goal,
 * half of what counts as reached, and must be as consistent as windows of freshly generated data, by gradient within 2.5
 * times that.
 */
export interface MazePlannerOptions extends Omit<PlannerOptions, "diffusion" | "frameStack" | "lengths" | "guidance"> {
  readonly config: PlannerConfig;
  /**
   * The maze to plan in, where it is not the one that was trained in: of the same size, with other walls. The model knows
   * nothing of these, so plans through them are refused. Not part of Diffusion Forcing.
   */
  readonly maze?: Maze;
  /** Default: the goal as a token. */
  readonly reach?: ReachMethod;
  /** Numbers of tokens tried, at most {@link longestPlan} of the config. Default: those trained on, rising. */
  readonly lengths?: readonly number[];
}

/** Beyond this many times the longest length trained on, a plan is not worth its time. */
const mostTimesTrained = 16;

/** The most tokens that a plan may have. */
export function longestPlan({ lengths }: Pick<PlannerConfig, "lengths">): number {
  return mostTimesTrained * (lengths.at(-1) as number);
}

const reachSchema = v.variant(
  "kind",
  [
    v.strictObject({ kind: v.literal("token") }),
    v.strictObject({
      kind: v.literal("gradient"),
      scale: schemas.number(),
      samples: v.optional(schemas.integer(1, 1024)),
      weights: v.optional(schemas.choice("intended", "aliased")),
    }),
  ],
  'an object with kind "token" or "gradient"',
);

/** @throws what the parts of the options throw: `invalid-argument`, `invalid-config`, `corrupt-file` */
export function checkMazePlannerOptions(options: MazePlannerOptions): void {
  const config = parsePlannerConfig((options as Partial<MazePlannerOptions> | undefined)?.config);
  const schema = v.looseObject({
    normalizer: v.unknown(),
    reach: v.optional(reachSchema),
    lengths: v.optional(v.pipe(v.array(schemas.integer(3, longestPlan(config))), v.nonEmpty("at least one length"))),
  });
  check("MazePlanner", schema, options);
  if (options.maze !== undefined) checkSize(options.maze, mazeOf(config.maze));
  parseNormalizer(options.normalizer, featuresPerFrame(config.fields));
}

function checkSize({ rows, columns }: Maze, trained: Maze): void {
  if (rows === trained.rows && columns === trained.columns) return;
  throw new DiffusionForcingError(
    "invalid-argument",
    `The maze has ${rows} by ${columns} cells; the model was trained in one of ${trained.rows} by ${trained.columns}, and knows no other place. Train one in the maze itself.`,
  );
}

/** @throws `invalid-argument`, `shape-mismatch` for a history of other frames than the config's. */
export function checkMazeProblem(maze: Maze, fields: readonly FrameField[], problem: PlanProblem): void {
  const { history, goal } = problem;
  if (goal?.length !== 2) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `plan: the goal is ${describe(goal)}; expected [x, y], two finite numbers.`,
    );
  }
  checkProblem(featuresPerFrame(fields), problem);
  const [x, y] = history.at(-1) as ArrayLike<number> as [number, number];
  if (!isWithin(maze, x, y)) refusePosition("the present", [x, y], maze, "lies outside");
  const [goalX, goalY] = [goal[0] as number, goal[1] as number];
  if (insideWall(maze, goalX, goalY))
    refusePosition("the goal", [goalX, goalY], maze, "lies in a wall of, or outside,");
}

/** Whether a position lies inside the walls round the maze. */
function isWithin({ rows, columns }: Maze, x: number, y: number): boolean {
  const [row, column] = [cellIndex(x), cellIndex(y)];
  return row >= 1 && column >= 1 && row <= rows - 2 && column <= columns - 2;
}

function refusePosition(what: string, [x, y]: readonly [number, number], maze: Maze, where: string): never {
  throw new DiffusionForcingError(
    "invalid-argument",
    `plan: ${what}, (${x}, ${y}), ${where} maze "${maze.name}"; expected a position between its walls.`,
  );
}
