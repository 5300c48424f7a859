import {
  type Bundle,
  cosineSchedule,
  createRandom,
  diffusionForcing,
  dit3d,
  type HostTensor,
  tensor,
} from "@diffusion-forcing/core";
import { check, schemas } from "@diffusion-forcing/core/backend";
import { Sampler } from "@diffusion-forcing/core/sampling";
import * as v from "valibot";
import { proportion } from "../maze2d/intervals.js";
import { videoAnimation } from "../pictures/index.js";
import type { EvaluationContext, Task, TaskJob, TaskRecipe, TaskReport, TaskTraining } from "../task.js";
import { checkOptionValues, type OptionSchemas } from "../task-options.js";
import { formatEstimate } from "../task-report.js";
import { findDots, movingDots } from "./moving-dots.js";

/** What a recipe says of the videos and of the model. */
interface DotsRecipe extends TaskRecipe {
  readonly video: { readonly size: number; readonly frames: number; readonly batch: number };
  readonly model: { readonly width: number; readonly layers: number; readonly heads: number };
}

/** Frames that are given; they tell where the dot is and where it goes. */
const CONTEXT = 2;

const recipeSchema = v.strictObject({
  video: v.strictObject({
    size: schemas.integer(4, 64),
    frames: schemas.integer(CONTEXT + 1, 256),
    batch: schemas.integer(1, 4096),
  }),
  model: v.strictObject({
    width: schemas.integer(8, 1024),
    layers: schemas.integer(1, 64),
    heads: schemas.integer(1, 64),
  }),
  training: v.strictObject({
    steps: schemas.integer(1, 1e9),
    learningRate: schemas.positive(),
    schedule: v.strictObject({
      kind: schemas.choice("constant", "cosine"),
      warmupSteps: v.optional(schemas.integer(0)),
    }),
    emaDecay: schemas.number(0, 1 - 1e-12),
  }),
});

const taskSchema = v.strictObject({
  kind: v.literal("moving-dots", '"moving-dots"'),
  size: schemas.integer(4, 64),
  frames: schemas.integer(CONTEXT + 1, 256),
});

function recipe(size: number, frames: number, model: DotsRecipe["model"], training: TaskTraining): DotsRecipe {
  return { video: { size, frames, batch: 16 }, model, training };
}

async function prepare(given: TaskRecipe): Promise<TaskJob> {
  const { video, model } = given as DotsRecipe;
  const { size, frames, batch } = video;
  const diffusion = diffusionForcing({
    model: dit3d({ tokenShape: [1, size, size], patchSize: 2, ...model }),
    schedule: cosineSchedule(100),
  });
  return {
    diffusion,
    batches: (_step, random) => ({ tokens: movingDots({ batch, length: frames, size }, random) }),
    record: { kind: "moving-dots", size, frames },
    trainedOn: { tokens: [frames, frames], values: [-1, 1] },
    card: { name: `moving-dots-${size}`, description: `A dot that bounces in ${size} by ${size} pixels.` },
    about: { size, frames },
  };
}

const evaluationOptions = (): OptionSchemas => ({
  videos: { kind: "integer", summary: "how many videos, each from two given frames", default: 64, low: 1, high: 4096 },
  length: { kind: "integer", summary: "frames to imagine, one after the other", default: 16, low: 1, high: 10_000 },
  steps: { kind: "integer", summary: "denoising steps a frame takes", default: 20, low: 1, high: 100 },
  seed: { kind: "integer", summary: "seed of the given frames and of the noise", default: 1000, low: 0 },
});

interface DotsOptions {
  readonly videos: number;
  readonly length: number;
  readonly steps: number;
  readonly seed: number;
}

async function evaluate(bundle: Bundle, context: EvaluationContext): Promise<TaskReport> {
  check("A model of moving dots", taskSchema, bundle.task, "invalid-config");
  const options = checkOptionValues("moving-dots", evaluationOptions(), context.options) as unknown as DotsOptions;
  const videos = await imagine(bundle, options, context);
  const frames = findDots(videos);
  // A video counts once: its frames are no independent trials.
  const isWhole = frames.map((dots) => dots.every((dot) => dot !== undefined));
  const isRight = frames.map((dots) =>
    dots.every((dot, i) => {
      const before = dots[i - 1];
      if (dot === undefined) return false;
      const moves = before && [dot.row - before.row, dot.column - before.column];
      return moves === undefined || moves.every((move) => Math.abs(move) === 1);
    }),
  );
  const share = (list: readonly boolean[]) => proportion(list.filter(Boolean).length, list.length);
  const [oneDot, moved] = [share(isWhole), share(isRight)];
  return {
    title: `${options.videos} videos, ${options.length} frames imagined in each, seed ${options.seed} (95 % intervals)`,
    rows: [
      ["one dot in every frame", formatEstimate(oneDot, 100, 1, "%")],
      ["and every move as it must be", formatEstimate(moved, 100, 1, "%")],
    ],
    document: { ...options, oneDot, moved },
  };
}

/** The given frames and those imagined after them, [videos, 2 + length, 1, size, size]. */
async function imagine(
  { diffusion, parameters, task }: Bundle,
  { videos, length, steps, seed }: DotsOptions,
  { backend, signal, onProgress }: EvaluationContext,
): Promise<HostTensor<"float32">> {
  const { size, frames } = task as unknown as { size: number; frames: number };
  const random = createRandom(seed);
  const given = movingDots({ batch: videos, length: CONTEXT, size }, random.split("videos"));
  const sampler = new Sampler(diffusion, { backend, parameters, timesteps: steps });
  const pixels = size * size;
  const all = new Float32Array(videos * (CONTEXT + length) * pixels);
  const place = (data: Float32Array, first: number, count: number): void => {
    for (let video = 0; video < videos; video++) {
      const at = (video * (CONTEXT + length) + first) * pixels;
      all.set(data.subarray(video * count * pixels, (video + 1) * count * pixels), at);
    }
  };
  place(given.data, 0, CONTEXT);
  try {
    const rollout = sampler.rollout({
      context: given,
      length,
      window: frames,
      seed: random.split("noise"),
      ...(signal ? { signal } : {}),
    });
    let done = 0;
    for await (const { tokens } of rollout) {
      place(tokens.data as Float32Array, CONTEXT + done, 1);
      done++;
      onProgress?.(done, length);
    }
  } finally {
    await sampler.dispose();
  }
  return tensor(all, [videos, CONTEXT + length, 1, size, size]);
}

const cosine = { kind: "cosine", warmupSteps: 30 } as const;

/** The smallest video world: a dot that moves by one pixel a frame and bounces off the walls. */
export const movingDotsTask: Task = {
  name: "moving-dots",
  summary: "imagine how a dot of 2 by 2 pixels goes on, frame by frame",
  presets: {
    // Half a minute on two cores, for a first look; and what imagines dots for long.
    quick: recipe(
      6,
      5,
      { width: 32, layers: 2, heads: 4 },
      { steps: 600, learningRate: 3e-3, schedule: cosine, emaDecay: 0.98 },
    ),
    base: recipe(
      6,
      5,
      { width: 64, layers: 3, heads: 4 },
      { steps: 3000, learningRate: 3e-3, schedule: cosine, emaDecay: 0.995 },
    ),
  },
  parseRecipe: (value) => check("recipe", recipeSchema, value, "invalid-config") as DotsRecipe,
  prepare,
  evaluationOptions,
  evaluate,
  picture: (sequences) => videoAnimation(sequences, { context: CONTEXT }),
};
