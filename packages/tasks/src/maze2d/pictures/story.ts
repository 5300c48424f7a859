import { DiffusionForcingError } from "@diffusion-forcing/core";
import type { Maze } from "../mazes.js";

/** A plan and the simulation step from which it was followed. */
export interface StoryPlan {
  readonly step: number;
  /** `[F, 2]`: x, y of every planned frame. */
  readonly positions: Float32Array;
}

/** What happened in one episode of a maze, as far as the pictures show it. Positions are those of the observation. */
export interface PlanStory {
  readonly maze: Maze;
  readonly start: readonly [x: number, y: number];
  readonly goal: readonly [x: number, y: number];
  /** The whole first plan `[F, 2]` after each denoising step: pure noise first, the finished plan last. */
  readonly denoising: readonly Float32Array[];
  /** `[S, 2]`: where the particle was at each simulation step. */
  readonly drive: Float32Array;
  /** The plans followed, by rising step; each is in force until the next. None means the finished plan throughout. */
  readonly plans: readonly StoryPlan[];
  /** The simulation step at which the goal was reached; absent if it was not. */
  readonly reachedAt?: number;
  /** Becomes the title element of the SVG, which screen readers read out. */
  readonly title?: string;
}

/**
 * @throws DiffusionForcingError `invalid-argument` if the story cannot be drawn: nothing denoised or driven, an array
 * that is not `[n, 2]` or not finite, plans out of order, `reachedAt` outside the drive.
 */
export function checkStory(story: PlanStory): void {
  const { denoising, drive, plans, reachedAt } = story;
  if (denoising.length === 0) fail("denoising is empty", "pass at least the finished plan");
  checkPositions("start", story.start);
  checkPositions("goal", story.goal);
  checkPositions("drive", drive);
  for (const [index, positions] of denoising.entries()) {
    checkPositions(`denoising[${index}]`, positions);
    if (positions.length !== denoising[0]!.length) {
      fail(
        `denoising[${index}] has ${positions.length} numbers, denoising[0] has ${denoising[0]!.length}`,
        "pass plans of one length",
      );
    }
  }
  for (const [index, { step, positions }] of plans.entries()) {
    checkPositions(`plans[${index}]`, positions);
    const previous = plans[index - 1]?.step ?? 0;
    if (!(Number.isInteger(step) && step >= previous)) {
      fail(`plans[${index}].step is ${step} after ${previous}`, "give whole steps from 0 that never fall");
    }
  }
  const steps = drive.length / 2;
  if (reachedAt !== undefined && !(Number.isInteger(reachedAt) && reachedAt >= 0 && reachedAt < steps)) {
    fail(
      `reachedAt is ${reachedAt} in a drive of ${steps} steps`,
      `pass a step from 0 to ${steps - 1}, or leave it out`,
    );
  }
}

function checkPositions(name: string, positions: ArrayLike<number>): void {
  if (positions.length === 0 || positions.length % 2 !== 0) {
    fail(`${name} has ${positions.length} numbers`, "pass x and y of at least one position");
  }
  for (let index = 0; index < positions.length; index++) {
    if (!Number.isFinite(positions[index])) fail(`${name}[${index}] is ${positions[index]}`, "pass finite positions");
  }
}

function fail(problem: string, remedy: string): never {
  throw new DiffusionForcingError("invalid-argument", `The story of a plan cannot be drawn: ${problem}; ${remedy}.`);
}
