import { createRandom } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { mazes } from "../mazes.js";
import { plannerPolicy } from "../planner/planner-policy.js";
import { planner as fixture, tinyConfig, zeroParameters } from "../planner/testing/planner-fixture.js";
import type { MazeEpisode } from "../policy.js";
import { recordEpisode } from "./story-recorder.js";

const config = tinyConfig({ maze: "umaze", frameStack: 10, lengths: [3] });
const settings = { config, parameters: zeroParameters(config), steps: 3 };

const episode = (goal: readonly [number, number]): MazeEpisode => ({
  maze: mazes.umaze,
  observation: Float64Array.of(3, 1, 0.5, -0.5),
  goal,
  random: createRandom(9),
});

/** Records `steps` steps of a particle that moves 0.1 a step along x. */
async function record(goal: readonly [number, number], steps: number, planner = fixture(settings)) {
  const recording = recordEpisode(planner, (onPlan) => plannerPolicy(planner, { onPlan }));
  await recording.policy.start([episode(goal)]);
  const actions = new Float64Array(2);
  for (let step = 0; step < steps; step++) {
    await recording.policy.act(step, Float64Array.of(3 + 0.1 * step, 1, 0.5, -0.5), actions);
  }
  return recording;
}

describe("recordEpisode", () => {
  it("gathers start, goal, every position and every plan, and denoises the first plan again to the same end", async () => {
    const story = await (await record([1, 1], 4)).story(undefined);
    expect([story.maze.name, story.start, story.goal]).toEqual(["umaze", [3, 1], [1, 1]]);
    expect([...story.drive]).toEqual([3, 1, 3.1, 1, 3.2, 1, 3.3, 1].map(Math.fround));
    expect("reachedAt" in story).toBe(false);
    expect(story.plans[0]?.step).toBe(0);
    // Noise, then three steps; 3 tokens of 10 frames each.
    expect(story.denoising.map((positions) => positions.length)).toEqual([60, 60, 60, 60]);
    const plan = story.plans[0]?.positions as Float32Array;
    const last = story.denoising.at(-1) as Float32Array;
    // The plan begins at the start token's last frame and ends at the goal token's first.
    expect(last.slice(20, 42)).toEqual(plan.slice(2));
  });

  it("shows the plan that was taken, whichever candidate it was, or a search's at the end", async () => {
    for (const smoothness of [0, 1e9]) {
      for (const others of [{ candidates: 4 }, { search: { expansions: 1, depth: 2 } }]) {
        const recording = await record([1, 1], 2, fixture({ ...settings, smoothness, ...others }));
        const { denoising, plans } = await recording.story(undefined);
        expect(denoising.at(-1)?.slice(20, 40)).toEqual(plans[0]?.positions.slice(2, 22));
      }
    }
  });

  it("shows a plan too where none was needed: the start is at the goal", async () => {
    const story = await (await record([3, 1.2], 2)).story(1);
    expect(story.plans).toEqual([]);
    expect(story.denoising).toHaveLength(4);
    expect(story.reachedAt).toBe(1);
  });

  it("keeps the arrival within the drive when it was the very last step", async () => {
    expect((await (await record([1, 1], 4)).story(4)).reachedAt).toBe(3);
  });
});
