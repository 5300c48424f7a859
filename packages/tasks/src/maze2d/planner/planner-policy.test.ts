import { createRandom } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { type Plan, planOfFrames } from "../../planning/plan.js";
import type { PlanProblem } from "../../planning/planner-options.js";
import { mazes } from "../mazes.js";
import type { MazeEpisode, MazePolicy } from "../policy.js";
import type { FrameField } from "./frames.js";
import { type PlannerPolicyOptions, plannerPolicy } from "./planner-policy.js";
import { plannerPresets } from "./presets.js";

interface Call {
  readonly problems: readonly PlanProblem[];
  readonly keys: readonly (readonly [number, number])[];
  readonly signal: AbortSignal | undefined;
}

/** A policy over a planner that returns `plan` for every problem and notes what it was asked. */
function scripted(
  plan: (problem: PlanProblem) => Plan,
  options: PlannerPolicyOptions & { readonly fields?: readonly FrameField[]; readonly frameStack?: number } = {},
): { policy: MazePolicy; calls: Call[] } {
  const { fields = ["position"], frameStack = 2, ...rest } = options;
  const calls: Call[] = [];
  const planner = {
    config: { ...plannerPresets.umaze.planner, fields, frameStack },
    frameStack,
    plan: async (
      problems: readonly PlanProblem[],
      random: readonly { state(): { key: readonly [number, number] } }[],
      signal?: AbortSignal,
    ) => {
      calls.push({ problems, keys: random.map((stream) => stream.state().key), signal });
      return problems.map(plan);
    },
  };
  return { policy: plannerPolicy(planner, rest), calls };
}

const episode = (goal: readonly [number, number], seed = 0): MazeEpisode => ({
  maze: mazes.umaze,
  observation: new Float64Array(4),
  goal,
  random: createRandom(seed),
});

/** One action for one observation. */
async function act(policy: MazePolicy, step: number, ...observation: number[]): Promise<number[]> {
  const actions = new Float64Array(2).fill(Number.NaN);
  await policy.act(step, Float64Array.from(observation), actions);
  return [...actions];
}

const flat = (problem: PlanProblem | undefined): number[] =>
  (problem?.history ?? []).flatMap((frame) => Array.from(frame));

/** Rests at (1, 1), an accepted plan or not. */
const rest = (frames: number, accepted: boolean): Plan =>
  planOfFrames(new Float32Array(2 * frames).fill(1), 2, 3, [3, 3], { accepted });
const resting = (): Plan => rest(100, true);
const notAccepted = (): Plan => rest(100, false);

describe("plannerPolicy", () => {
  it("tracks the plan's next frame with the gains 12.5 and 1.2 and the plan's velocity over +-3 frames", async () => {
    // Frame f is at (1 + f / 128, 2 - f * f / 4096).
    const frames = Float32Array.from({ length: 80 }, (_, i) =>
      i % 2 === 0 ? 1 + i / 256 : 2 - ((i - 1) / 2) ** 2 / 4096,
    );
    const { policy } = scripted(() => planOfFrames(frames, 2, 3, [3, 3]));
    await policy.start([episode([3, 3])]);
    for (let step = 0; step < 9; step++) await act(policy, step, 1 + step / 128, 2, 0, 0);
    const [x, y] = (await act(policy, 9, 1 + 9 / 128, 2 - 100 / 4096, 0.5, -0.25)) as [number, number];
    expect(x).toBeCloseTo(12.5 * (1 / 128) + 1.2 * (100 / 128 - 0.5), 12);
    expect(y).toBeCloseTo(12.5 * 0 + 1.2 * ((-100 * (13 ** 2 - 7 ** 2)) / 4096 / 6 + 0.25), 12);
  });

  it("measures the velocity at a plan's beginning over the frames there are, and rests at its end", async () => {
    // One frame per 1 / 1024; frame 5 is the last.
    const frames = Float32Array.from({ length: 12 }, (_, i) => (i % 2 === 0 ? i / 2048 : 0));
    const { policy, calls } = scripted(() => planOfFrames(frames, 2, 3, [3, 3]));
    await policy.start([episode([3, 3])]);
    const expected = [
      // At step s the aim is frame s + 1; its velocity is that between these frames.
      [1, 0, 4],
      [2, 0, 5],
      [3, 0, 5, 6],
      [4, 1, 5, 6],
      [5, 2, 5, 6],
      [5, 3, 5, 6],
      [5, 4, 5, 6],
      [5, 5, 5, 6],
      [5, 5, 5, 6],
    ];
    for (const [step, [aim = 0, from = 0, to = 0, span = to - from]] of expected.entries()) {
      const [x] = (await act(policy, step, 0, 0, 0, 0)) as [number, number];
      expect(x).toBeCloseTo((12.5 * aim) / 1024 + (1.2 * (100 * (to - from))) / 1024 / span, 12);
    }
    expect(calls.length).toBe(1);
  });

  it("clips what it writes to -1..1", async () => {
    const { policy } = scripted(resting);
    await policy.start([episode([3, 3])]);
    expect(await act(policy, 0, 0.9, 1.1, 0, 0)).toEqual([1, -1]);
  });

  it("asks for a plan every 50 steps, or as often as told, until it has an accepted one", async () => {
    const steps = async (options: PlannerPolicyOptions, plan = notAccepted): Promise<number[]> => {
      const asked: number[] = [];
      const { policy, calls } = scripted(plan, options);
      await policy.start([episode([3, 3])]);
      for (let step = 0; step < 125; step++) {
        await act(policy, step, 1, 1, 0, 0);
        if (calls.length > asked.length) asked.push(step);
      }
      return asked;
    };
    expect(await steps({})).toEqual([0, 50, 100]);
    expect(await steps({ replanEvery: 40 })).toEqual([0, 40, 80, 119]);
    // A plan has 100 frames, and waits for 20 steps at its end.
    expect(await steps({}, resting)).toEqual([0, 119]);
  });

  it("leaves a plan that was not accepted for one that is, or that arrives earlier", async () => {
    const followed = async (...plans: Plan[]): Promise<number[]> => {
      const steps: number[] = [];
      let next = 0;
      const { policy } = scripted(() => plans[next++] as Plan, { onPlan: (_episode, step) => steps.push(step) });
      await policy.start([episode([3, 3])]);
      for (let step = 0; step < 50 * plans.length; step++) await act(policy, step, 1, 1, 0, 0);
      return steps;
    };
    // At step 50, 150 of 200 frames are left.
    expect(await followed(rest(200, false), rest(150, false))).toEqual([0]);
    expect(await followed(rest(200, false), rest(149, false))).toEqual([0, 50]);
    expect(await followed(rest(200, false), rest(300, true))).toEqual([0, 50]);
    // A plan that has come to its end gives way to any.
    expect(await followed(rest(50, false), rest(300, false))).toEqual([0, 50]);
  });

  it("plans anew when farther than 0.7 from where the plan has it, then counts from there", async () => {
    const planned: number[] = [];
    const { policy, calls } = scripted(
      ({ history }) => {
        const [x = 0, y = 0] = history.at(-1) as unknown as [number, number];
        return planOfFrames(
          Float32Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? x : y)),
          2,
          3,
          [3, 3],
          { accepted: false },
        );
      },
      { onPlan: (_episode, step) => planned.push(step) },
    );
    await policy.start([episode([5, 5])]);
    await act(policy, 0, 1, 1, 0, 0);
    await act(policy, 1, 1.6875, 1, 0, 0);
    expect(planned).toEqual([0]);
    await act(policy, 2, 1.5, 1.5, 0, 0);
    expect(planned).toEqual([0, 2]);
    expect(flat(calls[1]?.problems[0])).toEqual([1.6875, 1, 1.5, 1.5]);
    // Ten frames, and 20 steps at their end.
    for (let step = 3; step < 33; step++) await act(policy, step, 1.5, 1.5, 0, 0);
    expect(planned).toEqual([0, 2, 31]);
  });

  it("takes another tolerance", async () => {
    const { policy, calls } = scripted(resting, { tolerance: 0.25 });
    await policy.start([episode([3, 3])]);
    await act(policy, 0, 1, 1, 0, 0);
    await act(policy, 1, 1.5, 1, 0, 0);
    expect(calls.length).toBe(1);
    await act(policy, 2, 1.625, 1, 0, 0);
    expect(calls.length).toBe(2);
  });

  it("holds the goal once within 0.5 of it, without plans, for the rest of the episode", async () => {
    const { policy, calls } = scripted(resting);
    await policy.start([episode([3, 3])]);
    await act(policy, 0, 2.5, 2.984375, 0, 0);
    await act(policy, 1, 2.5, 3, 0, 0);
    expect(calls.length).toBe(1);
    const held = await act(policy, 2, 2, 2.96875, 0.25, -0.5);
    expect(held[0]).toBe(1);
    expect(held[1]).toBeCloseTo(12.5 * 0.03125 + 1.2 * 0.5, 12);
    for (let step = 3; step < 80; step++) await act(policy, step, 1, 1, 0, 0);
    expect(calls.length).toBe(1);
    await policy.start([episode([3, 3])]);
    await act(policy, 0, 1, 1, 0, 0);
    expect(calls.length).toBe(2);
  });

  it("plans for all episodes that need it at once, each with its goal and its own stream of the step", async () => {
    const told: [number, number][] = [];
    const signal = new AbortController().signal;
    const { policy, calls } = scripted(resting, { signal, onPlan: (index, step) => told.push([index, step]) });
    // The middle one is at its goal already.
    await policy.start([episode([3, 3], 1), episode([2, 2], 2), episode([1, 3], 3)]);
    const actions = new Float64Array(6);
    await policy.act(0, Float64Array.of(1, 1, 0, 0, 2, 2.25, 0, 0, 1, 1, 0, 0), actions);
    expect(calls.length).toBe(1);
    expect(calls[0]?.problems.map(({ goal }) => goal)).toEqual([
      [3, 3],
      [1, 3],
    ]);
    expect(calls[0]?.signal).toBe(signal);
    const key = (seed: number) => createRandom(seed).split("planner").split(0).state().key;
    expect(calls[0]?.keys).toEqual([key(1), key(3)]);
    expect(told).toEqual([
      [0, 0],
      [2, 0],
    ]);
    expect([...actions]).toEqual([0, 0, 0, -1, 0, 0]);
  });

  it("reports the points of every plan, whole, and forgets them at the next start", async () => {
    const two = (): Plan => planOfFrames(Float32Array.of(1, 1, 1.25, 1), 2, 3, [3, 3]);
    const { policy } = scripted(two, { patience: 1 });
    await policy.start([episode([3, 3])]);
    for (let step = 0; step < 3; step++) await act(policy, step, 1, 1, 0, 0);
    expect(policy.planPoints?.()).toEqual([1, 1, 1.25, 1, 1, 1, 1.25, 1]);
    await policy.start([episode([3, 3])]);
    expect(policy.planPoints?.()).toEqual([]);
  });

  it("hands over the last frames, no more than there were", async () => {
    const { policy, calls } = scripted(notAccepted, { replanEvery: 1, frameStack: 3 });
    await policy.start([episode([9, 9])]);
    for (let step = 0; step < 5; step++) await act(policy, step, 1 + step / 16, 1, 0, 0);
    expect(calls.map(({ problems }) => flat(problems[0]))).toEqual([
      [1, 1],
      [1, 1, 1.0625, 1],
      [1, 1, 1.0625, 1, 1.125, 1],
      [1.0625, 1, 1.125, 1, 1.1875, 1],
      [1.125, 1, 1.1875, 1, 1.25, 1],
    ]);
  });

  it("remembers velocities and its own clipped actions, each in the frame it was taken in as in a dataset", async () => {
    const wide = (): Plan =>
      planOfFrames(
        Float32Array.from({ length: 60 }, (_, i) => (i % 6 < 2 ? 1 : 0)),
        6,
        3,
        [3, 3],
        { accepted: false },
      );
    const { policy, calls } = scripted(wide, { replanEvery: 1, fields: ["position", "velocity", "action"] });
    await policy.start([episode([9, 9])]);
    const first = await act(policy, 0, 1, 1, 0.5, -0.25);
    expect(first[0]).toBeCloseTo(-0.6, 12);
    expect(first[1]).toBeCloseTo(0.3, 12);
    // Far off: the action is clipped. What the caller leaves in its arrays is not looked at.
    expect(await act(policy, 1, 1.25, 0.75, 0, 0)).toEqual([-1, 1]);
    await act(policy, 2, 1, 1, 0.125, 0);
    const given = calls.map(({ problems }) => flat(problems[0]));
    const float = (value = 0): number => Math.fround(value);
    expect(given).toEqual([
      [1, 1, 0.5, -0.25, 0, 0],
      // The action of the newest frame is still open: the last one stands in.
      [1, 1, 0.5, -0.25, float(first[0]), float(first[1]), 1.25, 0.75, 0, 0, float(first[0]), float(first[1])],
      [1.25, 0.75, 0, 0, -1, 1, 1, 1, 0.125, 0, -1, 1],
    ]);
  });
});
