import { mazeTimeStep } from "../physics.js";
import { canvasOf } from "./canvas.js";
import { drawLegend } from "./legend.js";
import { drawDrive, drawPlan, drawReplans } from "./paths.js";
import { drawParticle, drawScene } from "./scene.js";
import { checkStory, type PlanStory } from "./story.js";

/**
 * One picture of the story as an SVG document: the maze, start and goal, the finished first plan coloured by time, the
 * path driven with marks where the particle planned anew, the particle where the drive ended, and a legend.
 *
 * @throws DiffusionForcingError `invalid-argument` if the story cannot be drawn.
 */
export function drawStill(story: PlanStory): string {
  checkStory(story);
  const { drive, denoising, plans, reachedAt } = story;
  const canvas = canvasOf(story.maze);
  const last = drive.length / 2 - 1;
  const outcome =
    reachedAt === undefined
      ? `not reached in ${((last + 1) * mazeTimeStep).toFixed(2)} s`
      : `reached after ${(reachedAt * mazeTimeStep).toFixed(2)} s`;
  return drawScene(
    story,
    reachedAt !== undefined,
    drawLegend(story, [outcome]),
    drawPlan(canvas, denoising.at(-1) as Float32Array, 1),
    drawDrive(canvas, drive, last),
    drawReplans(
      canvas,
      drive,
      plans.map(({ step }) => step).filter((step) => step > 0 && step <= last),
    ),
    drawParticle(canvas, drive[last * 2] as number, drive[last * 2 + 1] as number),
  );
}
