import {
  type Backend,
  type Diffusion,
  DiffusionForcingError,
  type Guidance,
  type HostTensorRecord,
  type MatrixShape,
} from "@diffusion-forcing/core";
import { check, describe, schemas } from "@diffusion-forcing/core/backend";
import * as v from "valibot";
import { parseNormalizer } from "./frames.js";
import type { SearchOptions } from "./search.js";
import type { PlanningSequences } from "./training-windows.js";

export interface PlannerOptions extends PlanningSequences {
  readonly backend: Backend;
  /** Of tokens `[frameStack * width]`. */
  readonly diffusion: Diffusion;
  readonly parameters: HostTensorRecord;
  /**
   * Reaches goals by the gradient of a reward instead of by a clean last token, which is natural to per-token noise
   * levels and needs no scale. Its inputs are `start` and `goal`, frames `[B, width]`, normalised.
   */
  readonly guidance?: Guidance;
  /** Default full sequence. */
  readonly matrix?: MatrixShape;
  /** DDIM steps a token takes. Default 20, or as many as there are levels. */
  readonly steps?: number;
  /** Default 0, deterministic. */
  readonly eta?: number;
  /** The level start and goal token pretend to have. Default: a hundredth of the levels. */
  readonly stabilizationLevel?: number;
  /** Problems whose plans are made together, at most. Default 1. */
  readonly batch?: number;
  /** Plans made for a problem at each length, of which the most consistent one that will do is taken. Default 1. */
  readonly candidates?: number;
  /** Largest jump of a smooth plan: between the means of three positions and of the three before. Default: any. */
  readonly smoothness?: number;
  /** Largest distance from the goal at which a plan may end. Default: any. */
  readonly arrival?: number;
  /**
   * Trajectories of the training data, `[F, width]` each: a plan must be as consistent as their windows are. Where every
   * other token is hidden by noise, the model tells it from its neighbours; a plan that the data could hold hardly moves so,
   * one that they cannot, moves: the model itself tells short cuts through walls that nobody told it of. It is asked
   * without guidance. Default: none, and nobody asks.
   */
  readonly data?: readonly Float32Array[];
  /** Largest inconsistency of a plan, in units of the median window of the data. Default 1. */
  readonly inconsistency?: number;
  /**
   * Looks for the least doubtful plan of all lengths by tree search, with fresh noise in every step, instead of taking the
   * first that will do. With `data`, the model must not be surprised by a plan's pieces either. Default: no search.
   */
  readonly search?: SearchOptions;
  /** A further condition on plans, of their positions `[F, goal features]`. Not part of Diffusion Forcing. */
  readonly accept?: (positions: Float32Array) => boolean;
  /** Told how far a planning is: before its first step, which compiles, and after every step. */
  readonly onProgress?: (progress: PlanProgress) => void;
}

/** Where a planning is. How many lengths it will try, nobody knows before. */
export interface PlanProgress {
  /** Sequences denoised together now, and their length in tokens. */
  readonly sequences: number;
  readonly tokens: number;
  /** Denoising steps taken, and all of them; a search, which walks many ways, tells of those at their end. */
  readonly step: number;
  readonly steps: number;
}

export interface PlanProblem {
  /**
   * The last frames, oldest first, in raw units. At least one; fewer than a token's are padded with the oldest.
   */
  readonly history: readonly ArrayLike<number>[];
  /** Where to go: the leading features of a frame; those that it does not name are to be 0, at rest. */
  readonly goal: ArrayLike<number>;
  /** Tries only lengths of so many tokens, or the one nearest to them. Default: all of the planner's. */
  readonly tokens?: readonly [fewest: number, most: number];
  /** A condition on this problem's plans, besides the planner's own, of their positions `[F, goal features]`. */
  readonly accept?: (positions: Float32Array) => boolean;
}

/** @throws what the parts of the options throw: `invalid-argument`, `invalid-config` */
export function checkPlannerOptions(options: PlannerOptions): void {
  const { levels } = (options as Partial<PlannerOptions> | undefined)?.diffusion?.process ?? { levels: 1 };
  const schema = v.strictObject({
    backend: schemas.having("a backend", "compile"),
    diffusion: schemas.having("a diffusion, as diffusionForcing() makes one", "model", "process"),
    parameters: schemas.having("the weights by parameter name"),
    normalizer: schemas.having("a normaliser, as fitNormalizer() makes one", "mean", "std"),
    frameStack: schemas.integer(1),
    lengths: v.pipe(v.array(schemas.integer(3)), v.nonEmpty("at least one length")),
    guidance: v.optional(schemas.having("a guidance, such as reachGoal() makes", "reward")),
    matrix: v.optional(schemas.having("a matrix shape, such as fullSequence() makes", "kind")),
    steps: v.optional(schemas.integer(1, levels)),
    eta: v.optional(schemas.number(0, 1)),
    stabilizationLevel: v.optional(schemas.integer(0, levels)),
    batch: v.optional(schemas.integer(1, 65_536)),
    candidates: v.optional(schemas.integer(1, 1024)),
    smoothness: v.optional(schemas.number(0)),
    arrival: v.optional(schemas.positive()),
    data: v.optional(v.array(v.instance(Float32Array, "a Float32Array"))),
    inconsistency: v.optional(schemas.positive()),
    search: v.optional(
      v.strictObject({
        expansions: v.optional(schemas.integer(1, 65_536)),
        children: v.optional(schemas.integer(1, 1024)),
        depth: v.optional(schemas.integer(1, levels)),
      }),
    ),
    accept: v.optional(schemas.function()),
    onProgress: v.optional(schemas.function()),
  });
  check("Planner", schema, options);
  const { diffusion, frameStack, normalizer } = options;
  const width = normalizer.mean.length;
  parseNormalizer(normalizer, width);
  const { tokenShape } = diffusion.model;
  if (tokenShape.length === 1 && tokenShape[0] === frameStack * width) return;
  throw new DiffusionForcingError(
    "shape-mismatch",
    `Planner: the model's tokens are [${tokenShape.join(", ")}]; expected [${frameStack * width}], ${frameStack} frames of ${width} features.`,
  );
}

/** @throws `invalid-argument`, `shape-mismatch` for a history of frames of another width. */
export function checkProblem(width: number, { history, goal }: PlanProblem): void {
  if (!Array.isArray(history) || history.length === 0 || !history.every((frame) => isFrame(frame, width))) {
    throw new DiffusionForcingError(
      "shape-mismatch",
      `plan: the history is ${describe(history)}; expected at least one frame of ${width} finite numbers, the newest last.`,
    );
  }
  const size = isList(goal) ? goal.length : 0;
  if (size === 0 || size > width || !isFrame(goal, size)) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `plan: the goal is ${describe(goal)}; expected the first features of a frame, 1 to ${width} finite numbers.`,
    );
  }
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return Array.isArray(value) || ArrayBuffer.isView(value);
}

function isFrame(value: unknown, width: number): boolean {
  return isList(value) && value.length === width && Array.from(value).every(Number.isFinite);
}
