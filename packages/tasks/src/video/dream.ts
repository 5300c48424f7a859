import {
  type Backend,
  type Bundle,
  createRandom,
  DiffusionForcingError,
  type HostTensor,
  tensor,
} from "@diffusion-forcing/core";
import { check, describe } from "@diffusion-forcing/core/backend";
import * as v from "valibot";
import { optionSchemas } from "../option-schemas.js";
import { framesBetween, imagine, type SamplingSettings, settingSchemas, usualSettings } from "./imagine.js";
import { openWorld } from "./open-world.js";
import { videoRecordOf } from "./record.js";
import { actionFeatures } from "./world.js";

export interface DreamOptions extends Partial<SamplingSettings> {
  readonly backend: Backend;
  /** The dream's start and its chances. Default 0. */
  readonly seed?: number;
  readonly signal?: AbortSignal;
}

const optionsSchema = v.strictObject({
  ...v.partial(v.object(settingSchemas)).entries,
  backend: optionSchemas.backend,
  seed: v.optional(optionSchemas.seed),
  signal: optionSchemas.signal,
});

/** A world as a model imagines it, to look at and to act in. */
export interface Dream {
  /** What can be done in it; nothing in a world that is only watched. */
  readonly actions: readonly string[];
  /** What is seen now, float32 [C, H, W] from -1 to 1. */
  readonly frame: HostTensor<"float32">;
  /**
   * Imagines the next frame, after an action or none, and returns it. What is kept of the past has constant size, so
   * a dream may go on for ever.
   *
   * @throws `invalid-argument` for an action that there is not, `aborted`
   */
  next(action?: string): Promise<HostTensor<"float32">>;
  /** Frees what the dream holds. */
  dispose(): Promise<void>;
}

/**
 * Begins a dream: with some frames of the world's simulator, or out of nothing where that needs data which do not come
 * with the library.
 *
 * @throws `invalid-config` for a bundle of another task, `invalid-argument`
 */
export async function openDream(bundle: Bundle, options: DreamOptions): Promise<Dream> {
  check("openDream", optionsSchema, options);
  const { backend, seed = 0, signal, ...given } = options;
  const record = videoRecordOf(bundle);
  const world = openWorld(record.world);
  const random = createRandom(seed);
  const sizes = { batch: 1, length: world.context };
  const start = world.needsData ? undefined : await world.videos(sizes, random.split("videos"), "held");
  const taken: (string | undefined)[] = [];
  const context = start === undefined ? 0 : world.context;
  // Actions are asked for when the frame after them is.
  const condition = (first: number, count: number): HostTensor<"float32"> => {
    const known = start?.condition ?? tensor(new Float32Array(0), [1, 0, world.actions.length]);
    const places = Array.from({ length: count }, (_, i) => first + i);
    const features = places.flatMap((place) =>
      place < context
        ? [...framesBetween(known, place, place + 1).data]
        : actionFeatures(world.actions, taken[place - context]),
    );
    return tensor(features, [1, count, world.actions.length]);
  };
  const frames = imagine(bundle, {
    ...usualSettings(bundle, record),
    ...given,
    backend,
    length: Number.POSITIVE_INFINITY,
    batch: 1,
    ...(start ? { context: start.frames } : {}),
    ...(world.actions.length > 0 ? { condition } : {}),
    random: random.split("noise"),
    ...(signal ? { signal } : {}),
  });
  const seen = (frame: HostTensor): HostTensor<"float32"> => tensor(frame.data as Float32Array, world.tokenShape);
  const following = async (): Promise<HostTensor<"float32">> => seen((await frames.next()).value as HostTensor);
  if (start === undefined) taken.push(undefined);
  let frame = start ? seen(framesBetween(start.frames, context - 1, context)) : await following();
  return {
    actions: world.actions,
    get frame() {
      return frame;
    },
    next: async (action) => {
      if (action !== undefined && !world.actions.includes(action)) {
        const known = world.actions.length === 0 ? "none: this world is only watched" : world.actions.join(", ");
        throw new DiffusionForcingError(
          "invalid-argument",
          `next: the action is ${describe(action)}; expected ${known}.`,
        );
      }
      taken.push(action);
      frame = await following();
      return frame;
    },
    dispose: async () => {
      await frames.return(undefined);
    },
  };
}
