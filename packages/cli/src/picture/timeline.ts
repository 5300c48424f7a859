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

const denoisingFrames = 38;
/** Above 1 the denoising slows down towards its end, where noise turns into a path. */
const slowing = 1.4;
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

function denoising(story: PlanStory, milliseconds: number): DenoisingFrame[] {
  const last = story.denoising.length - 1;
  const count = last === 0 ? 1 : denoisingFrames;
  return Array.from({ length: count }, (_, index) => {
    const remaining = count === 1 ? 0 : 1 - index / (count - 1);
    return {
      kind: "denoising",
      at: last * (1 - remaining ** slowing),
      milliseconds: index === count - 1 ? planHold : index === 0 ? noiseHold : milliseconds,
    };
  });
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
