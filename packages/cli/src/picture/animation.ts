import { DiffusionForcingError } from "@diffusion-forcing/core";
import { goalRadius } from "@diffusion-forcing/tasks/maze2d";
import { colors } from "./colors.js";
import { encodeGif, type GifFrame } from "./gif.js";
import { drawDrive, drawNoisyPlan, drawPlan, drawReplan, spreadIndices } from "./paths.js";
import { type Pixels, toPixels } from "./raster.js";
import { drawCircle, drawParticle, drawScene } from "./scene.js";
import { checkStory, type PlanStory } from "./story.js";
import { type DriveFrame, type StoryFrame, storyFrames } from "./timeline.js";

export interface AnimationOptions {
  /** Frames per second while things move, 1 to 50. Default 20. */
  readonly fps?: number;
  /** Width in pixels, 64 to 2048. Default 440. */
  readonly size?: number;
}

/** Frames that the palette is made of. */
const paletteSamples = 8;
/** Frames over which a new plan fades to its lasting opacity, and a reached goal's wave runs out. */
const fadeFrames = 7;
const lastingOpacity = 0.32;

/**
 * The story as an endless GIF of about 90 frames: noise contracts to a plan, then the particle drives. A new plan
 * flashes up and fades while it is followed; reaching the goal fills its circle.
 *
 * @throws DiffusionForcingError `invalid-argument` if the story cannot be drawn or an option is out of range.
 */
export function renderAnimation(story: PlanStory, options: AnimationOptions = {}): Uint8Array {
  const { fps = 20, size = 440 } = options;
  checkRange("fps", fps, 1, 50);
  checkRange("size", size, 64, 2048);
  checkStory(story);
  const frames = storyFrames(story, 1000 / fps);
  const render = (frame: StoryFrame): Pixels => toPixels(drawFrame(story, frame), Math.round(size), colors.paper);
  const samples = spreadIndices(frames.length, paletteSamples).map((index) => render(frames[index] as StoryFrame));
  return encodeGif(samples, rendered());

  function* rendered(): Generator<GifFrame> {
    for (const frame of frames) yield { pixels: render(frame), milliseconds: frame.milliseconds };
  }
}

function checkRange(name: string, value: number, minimum: number, maximum: number): void {
  if (value >= minimum && value <= maximum) return;
  throw new DiffusionForcingError(
    "invalid-argument",
    `The animation's ${name} is ${value}: pass a number from ${minimum} to ${maximum}.`,
  );
}

/** One frame of the animation as an SVG document. */
export function drawFrame(story: PlanStory, frame: StoryFrame): string {
  if (frame.kind === "drive") return drawDriveFrame(story, frame);
  const finished = story.denoising.at(-1) as Float32Array;
  return drawScene(
    story,
    false,
    drawNoisyPlan(between(story.denoising, frame.at), finished),
    drawParticle(story.start[0], story.start[1]),
  );
}

function drawDriveFrame(story: PlanStory, { step, plan, planAge, reachedAge }: DriveFrame): string {
  const { drive, denoising, plans, goal } = story;
  const positions = plans[plan]?.positions ?? (denoising.at(-1) as Float32Array);
  const fade = Math.min(planAge / fadeFrames, 1);
  const replans = plans.filter((made) => made.step > 0 && made.step <= step);
  return drawScene(
    story,
    reachedAge !== undefined,
    drawPlan(positions, 1 - (1 - lastingOpacity) * fade),
    drawDrive(drive, step),
    ...replans.map((made) => drawReplan(drive, made.step)),
    ...(reachedAge === undefined ? [] : [drawWave(goal, reachedAge / fadeFrames)]),
    drawParticle(drive[step * 2] as number, drive[step * 2 + 1] as number),
  );
}

/** The ring that runs outwards from a goal that has just been reached; `progress` from 0 to 1. */
function drawWave([x, y]: PlanStory["goal"], progress: number): string {
  if (progress >= 1) return "";
  const style = { fill: "none", stroke: colors.goal, "stroke-width": 2.5, "stroke-opacity": 1 - progress };
  return drawCircle(x, y, goalRadius + 0.55 * progress, style);
}

/** The positions `[F, 2]` at a fractional index of `states`, by linear interpolation. */
function between(states: readonly Float32Array[], at: number): Float32Array {
  const from = states[Math.floor(at)] as Float32Array;
  const to = states[Math.ceil(at)] as Float32Array;
  const fraction = at - Math.floor(at);
  return from.map((value, index) => value + fraction * ((to[index] as number) - value));
}
