import { type Backend, DiffusionForcingError, type HostTensorRecord, type MatrixShape } from "@diffusion-forcing/core";
import { check, describe, schemas } from "@diffusion-forcing/core/backend";
import * as v from "valibot";
import { cellIndex, insideWall, type Maze, mazes } from "../mazes.js";
import { type PlannerConfig, parsePlannerConfig } from "./config.js";
import { featuresPerFrame, type Normalizer, parseNormalizer } from "./frames.js";

/** How the planner is told where to go. */
export type ReachMethod =
  /** The last token is the goal, clean: natural to per-token noise levels, and without a scale. */
  | { readonly kind: "token" }
  /** The gradient of {@link reachGoal}, averaged over `samples` futures (default 4; 1 is without Monte Carlo). */
  | {
      readonly kind: "gradient";
      /** Per sample. The official scale is this times the batch size. */
      readonly scale: number;
      readonly samples?: number;
      readonly weights?: "intended" | "aliased";
    };

export interface PlannerOptions {
  readonly backend: Backend;
  readonly config: PlannerConfig;
  readonly parameters: HostTensorRecord;
  readonly normalizer: Normalizer;
  /** Default: the goal as a token. */
  readonly reach?: ReachMethod;
  /** Default full sequence. */
  readonly matrix?: MatrixShape;
  /** DDIM steps a token takes. Default 20. */
  readonly steps?: number;
  /** Default 0, deterministic. */
  readonly eta?: number;
  /** The level start and goal token pretend to have. Default 10. */
  readonly stabilizationLevel?: number;
  /** Plans are made this many at a time; missing ones are filled up. Default 1. */
  readonly batch?: number;
  /**
   * Numbers of tokens tried, the first acceptable plan being taken. Default: those trained on, rising. At most
   * {@link longestPlan} of the config.
   */
  readonly lengths?: readonly number[];
  /** Largest distance between successive frames of a smooth plan. Default 0.3, 0.25, 0.3 by maze. */
  readonly smoothness?: number;
  /** Largest distance from the goal at which a plan may end. Default 0.25, half of what counts as reached. */
  readonly arrival?: number;
  /**
   * A further condition on plans, of their frames `[F, 2]`: for instance that they keep to where data exists. Not part
   * of Diffusion Forcing; off by default.
   */
  readonly accept?: (positions: Float32Array) => boolean;
}

export interface PlanProblem {
  /**
   * The last frames, oldest first, each with the config's fields in raw units: [x, y], or [x, y, velocity x, ...]. At
   * least one; fewer than a token's are padded with the oldest.
   */
  readonly history: readonly ArrayLike<number>[];
  /** Where to go, in position coordinates. */
  readonly goal: readonly [x: number, y: number];
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
export function checkPlannerOptions(options: PlannerOptions): void {
  const config = parsePlannerConfig((options as Partial<PlannerOptions> | undefined)?.config);
  const { levels } = config.schedule;
  const schema = v.strictObject({
    backend: schemas.having("a backend", "compile"),
    config: v.unknown(),
    parameters: schemas.having("the weights by parameter name"),
    normalizer: v.unknown(),
    reach: v.optional(reachSchema),
    matrix: v.optional(schemas.having("a matrix shape, such as fullSequence() makes", "kind")),
    steps: v.optional(schemas.integer(1, levels)),
    eta: v.optional(schemas.number(0, 1)),
    stabilizationLevel: v.optional(schemas.integer(0, levels)),
    batch: v.optional(schemas.integer(1, 65_536)),
    lengths: v.optional(v.pipe(v.array(schemas.integer(3, longestPlan(config))), v.nonEmpty("at least one length"))),
    smoothness: v.optional(schemas.number(0)),
    arrival: v.optional(schemas.positive()),
    accept: v.optional(schemas.function()),
  });
  check("MazePlanner", schema, options);
  parseNormalizer(options.normalizer, featuresPerFrame(config.fields));
}

/** @throws `invalid-argument`, `shape-mismatch` for a history of other frames than the config's. */
export function checkProblem({ maze: name, fields }: PlannerConfig, { history, goal }: PlanProblem): void {
  const maze = mazes[name];
  const width = featuresPerFrame(fields);
  if (!Array.isArray(history) || history.length === 0 || !history.every((frame) => isFrame(frame, width))) {
    throw new DiffusionForcingError(
      "shape-mismatch",
      `plan: the history is ${describe(history)}; expected at least one frame of ${width} finite numbers (${fields.join(", ")}), the newest last.`,
    );
  }
  const [x, y] = history.at(-1) as ArrayLike<number> as [number, number];
  if (!isWithin(maze, x, y)) refusePosition("the present", [x, y], maze, "lies outside");
  if (!Array.isArray(goal) || !isFrame(goal, 2)) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `plan: the goal is ${describe(goal)}; expected [x, y], two finite numbers.`,
    );
  }
  if (insideWall(maze, goal[0], goal[1])) refusePosition("the goal", goal, maze, "lies in a wall of, or outside,");
}

function isFrame(value: unknown, width: number): boolean {
  const isList = Array.isArray(value) || ArrayBuffer.isView(value);
  return (
    isList &&
    Array.from(value as ArrayLike<unknown>).length === width &&
    Array.from(value as ArrayLike<unknown>).every(Number.isFinite)
  );
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
