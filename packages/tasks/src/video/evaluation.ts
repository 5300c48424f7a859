import { type Bundle, createRandom, type HostTensor } from "@diffusion-forcing/core";
import { meanSquaredError, ssim } from "@diffusion-forcing/core/metrics";
import { mean, proportion } from "../intervals.js";
import type { Estimate, EvaluationContext, TaskReport } from "../task.js";
import { checkOptionValues, type OptionSchemas } from "../task-options.js";
import { formatEstimate } from "../task-report.js";
import { conditionsOf, framesBetween, imagine, inOrder } from "./imagine.js";
import { openWorld } from "./open-world.js";
import { videoRecordOf } from "./record.js";
import { settingsOptions } from "./settings-options.js";
import { steadiness } from "./steadiness.js";
import type { World } from "./world.js";

/** How long rollouts are, in training lengths, and the part at their end that is judged. */
const [USUAL_TIMES, LAST_PART] = [20, 4];
/** Smallest frames that the usual window of SSIM fits into. */
const SSIM_WINDOW = 11;

/** What an evaluation may be told, with the bounds and defaults of a bundle. */
export function videoEvaluationOptions(bundle?: Bundle): OptionSchemas {
  return {
    videos: { kind: "integer", summary: "how many videos", default: 16, low: 2, high: 4096 },
    predicted: {
      kind: "integer",
      summary: "frames that are compared with what the simulator shows",
      default: 10,
      low: 1,
      high: 1000,
    },
    times: {
      kind: "integer",
      summary: "how long a rollout is, in training lengths; its last quarter is judged",
      default: USUAL_TIMES,
      low: 1,
      high: 10_000,
    },
    ...settingsOptions(bundle),
    seed: { kind: "integer", summary: "seed of the videos and of the noise", default: 1000, low: 0 },
  };
}

interface VideoOptions {
  readonly videos: number;
  readonly predicted: number;
  readonly times: number;
  readonly steps: number;
  readonly stabilization: number;
  readonly seed: number;
}

/** Goes on from given frames of videos that no model was trained on, and compares with the simulator's. */
export async function evaluateVideo(bundle: Bundle, context: EvaluationContext): Promise<TaskReport> {
  const record = videoRecordOf(bundle);
  const options = checkOptionValues(
    "video",
    videoEvaluationOptions(bundle),
    context.options,
  ) as unknown as VideoOptions;
  const { videos, predicted, times, seed } = options;
  const world = openWorld(record.world);
  const random = createRandom(seed);
  const length = Math.max(predicted, times * record.frames);
  const real = await world.videos({ batch: videos, length: world.context + length }, random.split("videos"), "held");
  const imagined = await imaginedFrames(bundle, context, {
    ...options,
    length,
    batch: videos,
    context: framesBetween(real.frames, 0, world.context),
    ...conditionsOf(real),
    random: random.split("noise"),
  });
  const truth = framesBetween(real.frames, world.context, world.context + length);
  const accuracy = accuracyOf(world, real.frames, imagined, predicted);
  const last = Math.ceil(length / LAST_PART);
  const steady = steadiness(world, framesBetween(imagined, length - last, length), truth);
  const rules = Object.fromEntries(
    Object.entries(world.judge?.(imagined) ?? {}).map(([rule, kept]) => [
      rule,
      proportion(kept.filter(Boolean).length, kept.length),
    ]),
  );
  const drift = Object.entries(steady.deviations).sort(([, a], [, b]) => Math.abs(b.value) - Math.abs(a.value));
  const times1000 = (estimate: Estimate) => formatEstimate(estimate, 1000, 1);
  return {
    title: `${record.world.kind}, ${videos} videos, ${world.context} frames given, ${length} imagined, seed ${seed} (95 % intervals)`,
    rows: [
      ...Object.entries(rules).map(([rule, share]) => [rule, formatEstimate(share, 100, 1, "%")] as const),
      [`MSE x 1000 of the first ${predicted} frames`, times1000(accuracy.mse)],
      ["  of the last given frame, as it is", times1000(accuracy.lastFrame.mse)],
      ...(accuracy.ssim && accuracy.lastFrame.ssim
        ? ([
            [`SSIM of the first ${predicted} frames`, formatEstimate(accuracy.ssim, 1, 3)],
            ["  of the last given frame, as it is", formatEstimate(accuracy.lastFrame.ssim, 1, 3)],
          ] as const)
        : []),
      [`last ${last} frames within 3 deviations`, formatEstimate(steady.within, 100, 1, "%")],
      ["  of the simulator's own frames", formatEstimate(steady.own, 100, 1, "%")],
      ...drift
        .slice(0, 3)
        .map(([name, value]) => [`  ${name}, deviations from the simulator's`, formatEstimate(value, 1, 2)] as const),
    ],
    document: { ...options, length, rules, accuracy, steadiness: steady },
    note: "Pixels count from 0 to 1. Deviations are those of a frame of the simulator.",
  };
}

async function imaginedFrames(
  bundle: Bundle,
  { backend, signal, onProgress }: EvaluationContext,
  request: Omit<Parameters<typeof imagine>[1], "backend" | "signal">,
): Promise<HostTensor<"float32">> {
  const frames: HostTensor[] = [];
  for await (const frame of imagine(bundle, { ...request, backend, ...(signal ? { signal } : {}) })) {
    frames.push(frame);
    onProgress?.(frames.length, request.length);
  }
  return inOrder(frames);
}

interface Accuracy {
  /** Over pixels, of values 0..1. */
  readonly mse: Estimate;
  /** Absent where frames are too small for its window. */
  readonly ssim?: Estimate;
}

/** How close the first frames after those given are, and how close the last given frame is to all of them. */
function accuracyOf(
  { context, tokenShape }: World,
  real: HostTensor,
  imagined: HostTensor,
  predicted: number,
): Accuracy & { readonly lastFrame: Accuracy } {
  const videos = Array.from({ length: real.shape[0] as number }, (_, video) => video);
  const ofVideo = (frames: HostTensor, video: number, from: number, to: number): HostTensor => {
    const size = frames.data.length / videos.length;
    const shape = [1, ...frames.shape.slice(1)];
    const own = frames.data.subarray(video * size, (video + 1) * size);
    return framesBetween({ ...frames, shape, data: own } as HostTensor, from, to);
  };
  const measure = (guess: (video: number) => HostTensor): Accuracy => {
    const pairs = videos.map((video) => [guess(video), ofVideo(real, video, context, context + predicted)] as const);
    // Values lie in -1..1: differences are twice those of 0..1.
    const mse = mean(pairs.map(([a, b]) => meanSquaredError(a, b) / 4));
    if (Math.min(tokenShape[1], tokenShape[2]) < SSIM_WINDOW) return { mse };
    return { mse, ssim: mean(pairs.map(([a, b]) => ssim(a, b, { range: 2 }))) };
  };
  const last = (video: number): HostTensor => {
    const frame = ofVideo(real, video, context - 1, context);
    return inOrder(Array.from({ length: predicted }, () => frame));
  };
  return { ...measure((video) => ofVideo(imagined, video, 0, predicted)), lastFrame: measure(last) };
}
