import type { MazeJobs } from "./protocol";

/** What the worker has told of one drive, and where in it a moment is. */
export interface MazeStory {
  /** x, y of every frame of the first plan, after every step of its denoising. */
  condensing: readonly Float32Array[];
  plans: { readonly step: number; readonly positions: Float32Array; readonly accepted: boolean }[];
  /** x, y at every step. */
  drive: number[];
}

export const emptyStory = (): MazeStory => ({ condensing: [], plans: [], drive: [] });

/** Adds what the worker told. */
export function tellStory(story: MazeStory, event: MazeJobs["drive"]["event"]): void {
  if (event.kind === "condensing") story.condensing = event.frames;
  else if (event.kind === "plan") story.plans.push(event);
  else if (event.kind === "drive") story.drive.push(...event.positions);
}

/** Moments that the condensing takes, in steps of the drive, so that both have one time line. */
export const condensingLength = 120;

/** Moments that there are so far. */
export function storyLength({ condensing, drive }: MazeStory): number {
  return condensing.length === 0 ? 0 : condensingLength + Math.max(0, drive.length / 2 - 1);
}

/** What is to be seen at a moment. */
export interface Scene {
  /** The plan, or the sequence while it condenses. */
  readonly path: Float32Array;
  /** 0: noise, 1: a plan. */
  readonly condensed: number;
  readonly trail: readonly number[];
  readonly ball: readonly [x: number, y: number];
}

export function sceneAt({ condensing, plans, drive }: MazeStory, moment: number): Scene | undefined {
  if (condensing.length === 0 || drive.length < 2) return undefined;
  const last = condensing.length - 1;
  if (moment < condensingLength) {
    const at = (moment / condensingLength) * last;
    const [from, to] = [
      condensing[Math.floor(at)] as Float32Array,
      condensing[Math.min(Math.floor(at) + 1, last)] as Float32Array,
    ];
    const path = from.map((value, i) => value + (at - Math.floor(at)) * ((to[i] as number) - value));
    return { path, condensed: at / last, trail: [], ball: [drive[0] as number, drive[1] as number] };
  }
  const step = Math.min(Math.floor(moment - condensingLength), drive.length / 2 - 1);
  const plan = plans.findLast((candidate) => candidate.step <= step) ?? plans[0];
  return {
    path: plan?.positions ?? new Float32Array(0),
    condensed: 1,
    trail: drive.slice(0, 2 * step + 2),
    ball: [drive[2 * step] as number, drive[2 * step + 1] as number],
  };
}
