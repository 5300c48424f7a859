import { drawDrive, drawPlan, drawReplan } from "./paths.js";
import { toPng } from "./raster.js";
import { drawParticle, drawScene } from "./scene.js";
import { checkStory, type PlanStory } from "./story.js";

const pngWidth = 960;

export interface Still {
  readonly svg: string;
  /** The same picture as a PNG file, 960 pixels wide. */
  readonly png: Uint8Array;
}

/**
 * One picture of the story: the maze, start and goal, the finished first plan coloured by time, the path driven with
 * a mark wherever the particle planned anew, and the particle where the drive ended.
 *
 * @throws DiffusionForcingError `invalid-argument` if the story cannot be drawn.
 */
export function renderStill(story: PlanStory): Still {
  checkStory(story);
  const { drive, denoising, plans } = story;
  const last = drive.length / 2 - 1;
  const svg = drawScene(
    story,
    story.reachedAt !== undefined,
    drawPlan(denoising.at(-1) as Float32Array, 1),
    drawDrive(drive, last),
    ...plans.filter(({ step }) => step > 0 && step <= last).map(({ step }) => drawReplan(drive, step)),
    drawParticle(drive[last * 2] as number, drive[last * 2 + 1] as number),
  );
  return { svg, png: toPng(svg, pngWidth) };
}
