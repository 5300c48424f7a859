import type { HostTensor, RandomStream } from "@diffusion-forcing/core";

/** Videos of a world. */
export interface WorldVideos {
  /** float32 [batch, length, C, H, W], from -1 to 1. */
  readonly frames: HostTensor<"float32">;
  /** Of a world that one acts in: what was done before each frame, see {@link actionFeatures}. */
  readonly condition?: HostTensor<"float32">;
}

/** A world of pictures that move, with its exact simulator: a model is trained on it and measured against it. */
export interface World {
  /** [C, H, W] of a frame. */
  readonly tokenShape: readonly [channels: number, height: number, width: number];
  /** What can be done before a frame, a feature each; none in a world that is only watched. */
  readonly actions: readonly string[];
  /** How many frames tell what is needed to go on. */
  readonly context: number;
  /** Seconds a frame is shown for, as a rate. */
  readonly framesPerSecond: number;
  /** Whether videos are made of data that do not come with the library. */
  readonly needsData: boolean;
  /**
   * The same stream gives the same videos.
   *
   * @param part "held" is what no model is trained on, where the world is made of data.
   * @throws `missing-dependency` where the data are not installed
   */
  videos(
    sizes: { readonly batch: number; readonly length: number },
    random: RandomStream,
    part: "training" | "held",
  ): Promise<WorldVideos>;
  /** What does not wander off in this world, of one frame [C, H, W], by name. */
  statistics(frame: ArrayLike<number>): Readonly<Record<string, number>>;
  /** Whether whole videos [batch, length, C, H, W] are as they must be, by the name of a rule: one answer for each. */
  judge?(frames: HostTensor): Readonly<Record<string, readonly boolean[]>>;
}

/** The condition of one frame: 1 for the action that led to it; all zeros for a first frame, to which none did. */
export function actionFeatures(actions: readonly string[], action: string | undefined): number[] {
  return actions.map((one) => (one === action ? 1 : 0));
}
