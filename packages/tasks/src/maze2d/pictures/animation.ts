import { DiffusionForcingError } from "@diffusion-forcing/core";
import { goalRadius } from "../environment.js";
import { mazeTimeStep } from "../physics.js";
import { type Canvas, canvasOf } from "./canvas.js";
import { colors } from "./colors.js";
import { drawLegend } from "./legend.js";
import { drawDrive, drawNoisyPlan, drawPlan, drawReplans, smoothed } from "./paths.js";
import { drawCircle, drawParticle, drawScene } from "./scene.js";
import { checkStory, type PlanStory } from "./story.js";
import { type DriveFrame, type StoryFrame, storyFrames } from "./timeline.js";

/** One picture of an animation as an SVG document; whoever shows it turns it into pixels. */
export interface DrawnFrame {
  readonly svg: string;
  readonly milliseconds: number;
}

/** Frames over which a new plan fades to its lasting opacity, and a reached goal's wave runs out. */
const fadeFrames = 7;
const lastingOpacity = 0.32;

/**
 * The story as about 70 pictures: noise contracts to a plan, then the particle drives. A new plan flashes up and fades
 * while it is followed; reaching the goal fills its circle.
 *
 * @param framesPerSecond while things move, 1 to 50.
 * @throws DiffusionForcingError `invalid-argument` if the story cannot be drawn or the rate is out of range.
 */
export function drawAnimation(story: PlanStory, framesPerSecond = 20): DrawnFrame[] {
  if (!(framesPerSecond >= 1 && framesPerSecond <= 50)) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `The animation's framesPerSecond is ${framesPerSecond}: pass a number from 1 to 50.`,
    );
  }
  checkStory(story);
  return storyFrames(story, 1000 / framesPerSecond).map((frame) => ({
    svg: drawFrame(story, frame),
    milliseconds: frame.milliseconds,
  }));
}

/** One frame of the animation as an SVG document. */
export function drawFrame(story: PlanStory, frame: StoryFrame): string {
  const canvas = canvasOf(story.maze);
  if (frame.kind === "drive") return drawDriveFrame(story, canvas, frame);
  const finished = story.denoising.at(-1) as Float32Array;
  const steps = story.denoising.length - 1;
  return drawScene(
    story,
    false,
    drawLegend(story, [`denoising: ${Math.floor(frame.at)} of ${steps}`]),
    frame.at === steps
      ? drawPlan(canvas, finished, 1)
      : drawNoisyPlan(canvas, between(story.denoising, frame.at), smoothed(finished)),
    drawParticle(canvas, story.start[0], story.start[1]),
  );
}

function drawDriveFrame(story: PlanStory, canvas: Canvas, { step, plan, planAge, reachedAge }: DriveFrame): string {
  const { drive, denoising, plans, goal } = story;
  const positions = plans[plan]?.positions ?? (denoising.at(-1) as Float32Array);
  const fade = Math.min(planAge / fadeFrames, 1);
  const replans = plans.map((made) => made.step).filter((made) => made > 0 && made <= step);
  const time = `driving: ${(step * mazeTimeStep).toFixed(2)} s`;
  return drawScene(
    story,
    reachedAge !== undefined,
    drawLegend(story, reachedAge === undefined ? [time] : [time, "goal reached"]),
    drawPlan(canvas, positions, 1 - (1 - lastingOpacity) * fade),
    drawDrive(canvas, drive, step),
    drawReplans(canvas, drive, replans),
    ...(reachedAge === undefined ? [] : [drawWave(canvas, goal, reachedAge / fadeFrames)]),
    drawParticle(canvas, drive[step * 2] as number, drive[step * 2 + 1] as number),
  );
}

/** The ring that runs outwards from a goal that has just been reached; `progress` from 0 to 1. */
function drawWave(canvas: Canvas, [x, y]: PlanStory["goal"], progress: number): string {
  if (progress >= 1) return "";
  const style = { fill: "none", stroke: colors.goal, "stroke-width": 2.5, "stroke-opacity": 1 - progress };
  return drawCircle(canvas, x, y, goalRadius + 0.55 * progress, style);
}

/** The positions `[F, 2]` at a fractional index of `states`, by linear interpolation. */
function between(states: readonly Float32Array[], at: number): Float32Array {
  const from = states[Math.floor(at)] as Float32Array;
  const to = states[Math.ceil(at)] as Float32Array;
  const fraction = at - Math.floor(at);
  return from.map((value, index) => value + fraction * ((to[index] as number) - value));
}
