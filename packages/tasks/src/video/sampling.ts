import { type Bundle, createRandom, DiffusionForcingError, type HostTensor, tensor } from "@diffusion-forcing/core";
import { describe } from "@diffusion-forcing/core/backend";
import { videoAnimation, videoStrip } from "../pictures/index.js";
import type { Pictures, SampledPart, SamplingContext, TaskSampling } from "../task.js";
import { checkOptionValues, type OptionSchemas } from "../task-options.js";
import { conditionsOf, framesBetween, type ImagineRequest, imagine, inOrder } from "./imagine.js";
import { openWorld } from "./open-world.js";
import { videoRecordOf } from "./record.js";
import { settingsOptions } from "./settings-options.js";
import { actionFeatures, type World } from "./world.js";

const MOST_GIVEN = 256;

function samplingOptions(bundle?: Bundle): OptionSchemas {
  const world = bundle && openWorld(videoRecordOf(bundle).world);
  return {
    ...settingsOptions(bundle),
    given: {
      kind: "integer",
      summary: "frames of the simulator to go on from (0: out of nothing; else as many as the world needs)",
      ...(world ? { default: world.needsData ? 0 : world.context } : {}),
      low: 0,
      high: MOST_GIVEN,
    },
    actions: {
      kind: "text",
      summary: 'what is done, over and over, in a world that one acts in: "forward*4 left" (else a wanderer walks)',
    },
  };
}

interface SamplingOptions {
  readonly steps: number;
  readonly stabilization: number;
  readonly given: number;
  readonly actions?: string;
}

async function* stream(bundle: Bundle, context: SamplingContext): AsyncGenerator<SampledPart> {
  const { backend, batch, length, signal } = context;
  const world = openWorld(videoRecordOf(bundle).world);
  const options = checkOptionValues("video", samplingOptions(bundle), context.options) as unknown as SamplingOptions;
  const { given, actions } = options;
  const random = createRandom(context.seed);
  const isWatched = world.actions.length === 0;
  if (isWatched && actions !== undefined) refuse("this world is only watched; leave --actions out");
  const repeated = actions === undefined ? undefined : actionsIn(world, actions);
  // The simulator gives the first frames, and walks on where nobody says what to do.
  const lengthOfVideos = isWatched || repeated ? given : given + length;
  const videos =
    lengthOfVideos === 0
      ? undefined
      : await world.videos({ batch, length: lengthOfVideos }, random.split("videos"), "held");
  const start = videos && given > 0 ? framesBetween(videos.frames, 0, given) : undefined;
  if (start !== undefined) yield { sequences: start, isGiven: true };
  const conditions = repeated
    ? { condition: told(world, batch, given, videos?.condition, repeated) }
    : videos && conditionsOf(videos);
  const frames = imagine(bundle, {
    ...options,
    backend,
    batch,
    length,
    ...(start ? { context: start } : {}),
    ...conditions,
    random: random.split("noise"),
    ...(signal ? { signal } : {}),
  });
  for await (const sequences of frames) yield { sequences, isGiven: false };
}

/** Conditions of given frames, then of what was told, over and over. */
function told(
  world: World,
  batch: number,
  given: number,
  known: HostTensor | undefined,
  actions: readonly string[],
): NonNullable<ImagineRequest["condition"]> {
  return (first, count) =>
    inOrder(
      Array.from({ length: count }, (_, i) => {
        const place = first + i;
        if (place < given) return framesBetween(known as HostTensor, place, place + 1);
        const features = actionFeatures(world.actions, actions[(place - given) % actions.length]);
        return tensor(Array.from({ length: batch }, () => features).flat(), [batch, 1, features.length]);
      }),
    );
}

/** `forward*3 left` -> forward, forward, forward, left. */
function actionsIn({ actions }: World, text: string): string[] {
  const words = text.split(/[\s,]+/).filter((word) => word !== "");
  const found = words.flatMap((word) => {
    const [, action = "", count] = /^([a-z]+)(?:\*(\d{1,4}))?$/.exec(word) ?? [];
    if (!actions.includes(action)) refuse(`${describe(word)} is no action; the known ones are ${actions.join(", ")}`);
    return Array.from({ length: Number(count ?? 1) }, () => action);
  });
  if (found.length === 0) refuse("there is no action in it");
  return found;
}

function refuse(problem: string): never {
  throw new DiffusionForcingError("invalid-argument", `actions: ${problem}.`);
}

/** How the videos are imagined with `dforce sample video`. */
export const videoSampling: TaskSampling = { model: "maze-world", options: samplingOptions, stream };

/** Frames of a strip, evenly out of all. */
const STRIP = 20;

/** Videos as a film, and some of their frames side by side. */
export function videoPictures(videos: HostTensor, given: number): Pictures {
  const length = videos.shape[1] as number;
  const count = Math.min(STRIP, length);
  const places = Array.from({ length: count }, (_, i) => Math.round((i * (length - 1)) / Math.max(1, count - 1)));
  const chosen = inOrder(places.map((place) => framesBetween(videos, place, place + 1)));
  return {
    film: videoAnimation(videos, { context: given, framesPerSecond: 10 }),
    still: videoStrip(chosen, {
      context: places.filter((place) => place < given).length,
      numbers: places.map((place) => place + 1),
    }),
  };
}
