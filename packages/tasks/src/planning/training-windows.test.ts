import { type Batch, type BatchSource, createRandom, isDiffusionForcingError } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { type TrainingWindowsOptions, trainingWindows } from "./training-windows.js";

const sequences = { frameStack: 3, lengths: [3, 4], levels: 1000 };

/** Frame f is (f, -f): every value tells its frame. */
function numberedFrames(count: number, first = 0): Float32Array {
  return Float32Array.from({ length: 2 * count }, (_, i) => (i % 2 === 0 ? 1 : -1) * (first + Math.floor(i / 2)));
}

const identity = { mean: [0, 0], std: [1, 1] };

/** Windows of one trajectory of so many numbered frames. */
function numbered(frames: number, tokensPerStep: number, change: Partial<TrainingWindowsOptions> = {}): BatchSource {
  const trajectories = [numberedFrames(frames)];
  return trainingWindows({ ...sequences, normalizer: identity, trajectories, tokensPerStep, ...change });
}

interface Window {
  /** Frame numbers, `[length, frameStack]`. */
  readonly tokens: number[][];
  readonly levels: number[];
  readonly stillStart: boolean;
  readonly goal: boolean;
}

function windowsOf({ tokens, noiseLevels }: Batch): Window[] {
  const [batch, length, size] = tokens.shape as [number, number, number];
  return Array.from({ length: batch }, (_, w) => {
    const frames = Array.from({ length }, (_, t) => {
      const token = tokens.data.subarray((w * length + t) * size, (w * length + t + 1) * size);
      return [token[0] as number, token[2] as number, token[4] as number];
    });
    const repeated = (token = [0]): boolean => token.every((frame) => frame === token[0]);
    const levels = [...(noiseLevels?.data.subarray(w * length, (w + 1) * length) ?? [])];
    return { tokens: frames, levels, stillStart: repeated(frames[0]), goal: repeated(frames.at(-1)) };
  });
}

async function drawWindows(steps: number, tokensPerStep: number, frames = 500): Promise<Window[]> {
  const source = numbered(frames, tokensPerStep);
  const windows: Window[] = [];
  for (let step = 1; step <= steps; step++) {
    windows.push(...windowsOf(await source(step, createRandom(7).split(step))));
  }
  return windows;
}

describe("trainingWindows", () => {
  it("fills a step with as many windows of one length as fit, and at least one", async () => {
    const source = numbered(50, 11);
    const shapes = new Set<string>();
    for (let step = 1; step <= 20; step++) {
      const { tokens, noiseLevels } = await source(step, createRandom(1).split(step));
      shapes.add(`${tokens.dtype}${tokens.shape} ${noiseLevels?.dtype}${noiseLevels?.shape}`);
    }
    expect([...shapes].sort()).toEqual(["float322,4,6 int322,4", "float323,3,6 int323,3"]);
    const small = numbered(50, 2, { lengths: [4] });
    expect((await small(1, createRandom(1))).tokens.shape).toEqual([1, 4, 6]);
  });

  it("cuts contiguous windows from anywhere in the dataset, start and goal token repeating their nearest frame", async () => {
    const firsts = new Set<number>();
    for (const { tokens, stillStart, goal } of await drawWindows(20, 100, 15)) {
      const first = (tokens[1]?.[0] as number) - 3;
      const length = tokens.length;
      const expected = tokens.map((_, t) => [first + 3 * t, first + 3 * t + 1, first + 3 * t + 2]);
      if (stillStart) expected[0] = [first + 2, first + 2, first + 2];
      if (goal) expected[length - 1] = new Array(3).fill(first + 3 * (length - 1));
      expect(tokens).toEqual(expected);
      if (length === 4) firsts.add(first);
    }
    expect([...firsts].sort()).toEqual([0, 1, 2, 3]);
  });

  it("stacks frames of any width and normalises them", async () => {
    const trajectory = Float32Array.from({ length: 150 }, (_, i) => Math.floor(i / 3) + (i % 3) / 4);
    const normalizer = { mean: [0, 0.25, 0], std: [1, 1, 2] };
    const { tokens } = await numbered(0, 3, { trajectories: [trajectory], normalizer, frameStack: 2, lengths: [3] })(
      1,
      createRandom(2),
    );
    expect(tokens.shape).toEqual([1, 3, 6]);
    const middle = tokens.data.subarray(6, 12);
    const f = middle[0] as number;
    expect([...middle]).toEqual([f, f, (f + 0.5) / 2, f + 1, f + 1, (f + 1.5) / 2]);
  });

  it("cuts no window across two trajectories, and all windows equally often", async () => {
    // Windows of 9 frames: none in the first, 1 in the second, 3 in the last.
    const trajectories = [numberedFrames(8), numberedFrames(9, 100), numberedFrames(11, 200)];
    const source = numbered(0, 3 * 4000, { trajectories, lengths: [3] });
    const counts = new Map<number, number>();
    for (const { tokens } of windowsOf(await source(1, createRandom(4)))) {
      const first = (tokens[1]?.[0] as number) - 3;
      counts.set(first, (counts.get(first) ?? 0) + 1);
    }
    expect([...counts.keys()].sort()).toEqual([100, 200, 201, 202]);
    for (const count of counts.values()) expect(Math.abs(count / 4000 - 0.25)).toBeLessThan(0.03);
  });

  it.each<[string, Float32Array, string]>([
    ["frames that are not whole", Float32Array.of(1, 2, 3), "Trajectory 1 holds 3 numbers; expected whole frames of 2"],
    ["a number that is not finite", Float32Array.of(1, 2, 3, Number.NaN), "holds NaN in feature 1 of frame 1"],
  ])("refuses %s", (_what, trajectory, message) => {
    expect(() => numbered(0, 3, { trajectories: [numberedFrames(20), trajectory] })).toThrow(message);
  });

  it("draws levels as a planner meets them", async () => {
    const windows = await drawWindows(12, 4000);
    const goals = windows.filter(({ goal }) => goal);
    const others = windows.filter(({ goal }) => !goal);
    const level = (list: Window[], token: number): number[] => list.map(({ levels }) => levels.at(token) as number);
    const share = (list: readonly boolean[]): number => list.filter(Boolean).length / list.length;
    const atMost = (limit: number, list: number[]): number => share(list.map((k) => k <= limit));

    // Of [share, as the recipe has it, as it would be without this part of the recipe], over 12,000 windows or so.
    const shares = {
      stillStarts: [share(windows.map(({ stillStart }) => stillStart)), 0.5, 0],
      // 85 %, and 5 % of the rest by chance.
      nearlyCleanStarts: [atMost(50, level(windows, 0)), 0.85 + 0.15 * 0.05, 0.05],
      goalTokens: [share(windows.map(({ goal }) => goal)), 0.6, 0],
      // 70 %, and 50 / 400 of the blurred by chance.
      nearlyCleanGoals: [atMost(50, level(goals, -1)), 0.7 + 0.3 * 0.125, 0.125],
      halfBlurredGoals: [atMost(200, level(goals, -1)), 0.7 + 0.3 * 0.5, 0.7],
      // Apart from these two, levels are uniform, and the choices do not depend on each other.
      middles: [atMost(50, level(windows, 1)), 0.05, 0.85],
      ordinaryLasts: [atMost(400, level(others, -1)), 0.4, 1],
      stillAndNearlyClean: [
        share(windows.map(({ stillStart, levels }) => stillStart && (levels[0] as number) <= 50)),
        0.5 * 0.8575,
        0.5,
      ],
      stillAndGoal: [share(windows.map(({ stillStart, goal }) => stillStart && goal)), 0.3, 0.5],
    } as const;
    for (const [measured, expected, broken] of Object.values(shares)) {
      expect(Math.abs(measured - expected)).toBeLessThan(0.02);
      expect(Math.abs(measured - broken)).toBeGreaterThan(0.04);
    }
    expect(Math.max(...level(goals, -1))).toBe(400);
    expect(Math.min(...level(goals, -1))).toBe(1);
    const middles = level(windows, 1);
    expect([Math.min(...middles), Math.max(...middles)]).toEqual([1, 1000]);
    const mean = middles.reduce((sum, k) => sum + k, 0) / middles.length;
    expect(Math.abs(mean - 500.5)).toBeLessThan(12);
  });

  it("never goes below level 1, however few levels there are", async () => {
    const { noiseLevels } = await numbered(50, 400, { levels: 4 })(1, createRandom(0));
    expect(new Set(noiseLevels?.data)).toEqual(new Set([1, 2, 3, 4]));
  });

  it("gives the same batch for the same random stream, whatever the step, and another for another", async () => {
    const source = numbered(100, 40);
    const batch = await source(1, createRandom(3));
    expect(await source(2, createRandom(3))).toEqual(batch);
    expect(await source(1, createRandom(4))).not.toEqual(batch);
  });

  it("refuses a dataset shorter than its longest window", () => {
    expect(() => numbered(12, 40)).not.toThrow();
    const short = () => numbered(11, 40);
    expect(short).toThrow("The dataset has 11 frames; the longest window needs 12");
    expect(short).toThrow(expect.toSatisfy((error) => isDiffusionForcingError(error, "invalid-data")));
  });
});
