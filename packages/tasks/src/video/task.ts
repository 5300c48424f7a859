import type { Task, TaskJob, TaskRecipe } from "../task.js";
import { evaluateVideo, videoEvaluationOptions } from "./evaluation.js";
import { openWorld } from "./open-world.js";
import { pixelCodec } from "./pixel-codec.js";
import { videoPresets } from "./presets.js";
import { diffusionOf, parseVideoRecipe, type VideoRecipe } from "./recipe.js";
import type { VideoRecord } from "./record.js";
import { videoPictures, videoSampling } from "./sampling.js";
import { trainingLevels } from "./training-levels.js";

async function prepare(given: TaskRecipe): Promise<TaskJob> {
  const recipe = given as VideoRecipe;
  const { video } = recipe;
  const world = openWorld(recipe.world);
  const sizes = { batch: video.batch, frames: video.frames, levels: recipe.process.levels };
  const codec = recipe.process.normalized ? await pixelCodec(world) : undefined;
  const record: VideoRecord = { kind: "video", world: recipe.world, frames: video.frames, levels: video.levels };
  return {
    diffusion: diffusionOf(recipe, world),
    batches: async (_step, random) => {
      const { frames, condition } = await world.videos(
        { batch: video.batch, length: video.frames },
        random,
        "training",
      );
      return {
        tokens: codec ? codec.encode(frames) : frames,
        ...(condition === undefined ? {} : { condition }),
        ...trainingLevels(video.levels, sizes, random.split("levels")),
      };
    },
    ...(codec ? { codec } : {}),
    record,
    trainedOn: { tokens: [video.frames, video.frames], values: [-1, 1] },
    about: { world: recipe.world.kind, frames: video.frames, levels: video.levels },
  };
}

/** Worlds of pictures that move: a model goes on from some frames, for as long as anybody looks. */
export const videoTask: Task = {
  name: "video",
  summary: "imagine how pictures go on, frame by frame: a maze one walks in, moving digits, a bouncing dot",
  presets: videoPresets,
  parseRecipe: parseVideoRecipe,
  prepare,
  evaluationOptions: videoEvaluationOptions,
  evaluate: evaluateVideo,
  sampling: videoSampling,
  picture: videoPictures,
};
