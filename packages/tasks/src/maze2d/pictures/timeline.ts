import { spreadIndices } from "./paths.js";
import type { PlanStory } from "./story.js";

/** One picture of the animation and how long it is shown. */
export type StoryFrame = DenoisingFrame | DriveFrame;

export interface DenoisingFrame {
  readonly kind: "denoising";
  /** Where in `denoising`: 1.5 is halfway between its entries 1 and 2. */
  readonly at: number;
  readonly milliseconds: number;
}

export interface DriveFrame {
  readonly kind: "drive";
  readonly step: number;
  /** Index of the plan in force, -1 for the finished plan that was denoised. */
  readonly plan: number;
  /** Frames since that plan came into force. */
  readonly planAge: number;
  /** Frames since the goal was reached; undefined before. */
  readonly reachedAge: number | undefined;
  readonly milliseconds: number;
}

const denoisingFrames = 20;
/** Above 1 the denoising slows down towards its end, where a cloud turns into a path. */
const slowing = 1.6;
const driveFrames = 44;
/** After the goal is reached little happens, so it passes quickly. */
const restFrames = 8;
const noiseHold = 350;
const planHold = 900;
const endHold = 1700;

/** The frames of the whole story: denoising, a hold, the drive up to the goal, the rest of it, a hold. */
export function storyFrames(story: PlanStory, milliseconds: number): StoryFrame[] {
  return [...denoising(story, milliseconds), ...drive(story, milliseconds)];
}

/**
 * Moments at which the plan has come equally much closer to the finished one: most of the steps only make a cloud a
 * little smaller, and a viewer has seen that after three pictures.
 */
function denoising({ denoising: states }: PlanStory, milliseconds: number): DenoisingFrame[] {
  const last = states.length - 1;
  const finished = states[last] as Float32Array;
  // How far each state lies from the end, never rising, so that every share of the way is reached once.
  const left = states.map((state) => meanDistance(state, finished));
  for (let at = last - 1; at >= 0; at--) left[at] = Math.max(left[at] as number, left[at + 1] as number);
  const whole = left[0] as number;
  const count = whole === 0 ? 1 : denoisingFrames;
  return Array.from({ length: count }, (_, index) => {
    const target = count === 1 ? 0 : whole * (1 - index / (count - 1)) ** slowing;
    return {
      kind: "denoising",
      at: index === count - 1 ? last : index === 0 ? 0 : momentOf(left, target),
      milliseconds: index === count - 1 ? planHold : index === 0 ? noiseHold : milliseconds,
    };
  });
}

/** Where the falling `left` passes `target`, between its entries. */
function momentOf(left: readonly number[], target: number): number {
  const after = left.findIndex((distance) => distance <= target);
  const [from, to] = [left[after - 1] as number, left[after] as number];
  return after - (target - to) / (from - to);
}

function meanDistance(positions: Float32Array, finished: Float32Array): number {
  const total = positions.reduce((sum, value, at) => sum + Math.abs(value - (finished[at] as number)), 0);
  return total / positions.length;
}

function drive(story: PlanStory, milliseconds: number): DriveFrame[] {
  const steps = story.drive.length / 2;
  const reachedAt = story.reachedAt ?? steps - 1;
  const shown = [
    ...spreadIndices(reachedAt + 1, driveFrames),
    ...spreadIndices(steps - reachedAt, restFrames + 1)
      .slice(1)
      .map((index) => reachedAt + index),
  ];
  let plan = -1;
  let planSince = 0;
  return shown.map((step, index) => {
    const inForce = planAt(story, step);
    if (inForce !== plan) planSince = index;
    plan = inForce;
    const sinceGoal = story.reachedAt === undefined ? -1 : index - shown.indexOf(story.reachedAt);
    return {
      kind: "drive",
      step,
      plan,
      planAge: index - planSince,
      reachedAge: sinceGoal < 0 ? undefined : sinceGoal,
      milliseconds: index === shown.length - 1 ? endHold : milliseconds,
    };
  });
}

/** Index of the plan in force at a step, -1 before the first. */
function planAt(story: PlanStory, step: number): number {
  return story.plans.filter((plan) => plan.step <= step).length - 1;
}
