import { isDiffusionForcingError } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { expertPolicy, straightLinePolicy } from "./baselines.js";
import { evaluateMazePolicy } from "./evaluation.js";
import { mazes, wallFraction } from "./mazes.js";
import { type MazeEpisode, type MazePolicy, policyPerEpisode } from "./policy.js";

const maze = mazes.umaze;

describe("evaluateMazePolicy", () => {
  it("compares the expert with itself: ratio 1, all hard starts reached", async () => {
    const { results, summary } = await evaluateMazePolicy({ maze, policy: expertPolicy(maze), episodes: 40, seed: 5 });
    expect(summary.success.value).toBe(1);
    expect(summary.ratioToExpert).toEqual({ value: 1, low: 1, high: 1 });
    expect(summary.hard.successes).toBe(summary.hard.episodes);
    expect(summary.hard.episodes).toBe(results.filter((result) => result.hard).length);
    expect(summary.planWallFraction).toBeUndefined();
    expect(summary.note).toContain("not D4RL's files");
  });

  it("defines hard starts by the straight line, which reaches none of them", async () => {
    const { summary } = await evaluateMazePolicy({ maze, policy: straightLinePolicy(), episodes: 40, seed: 5 });
    expect(summary.hard.episodes).toBeGreaterThan(5);
    expect(summary.hard.successes).toBe(0);
    expect(summary.success.value).toBe(1 - summary.hard.episodes / 40);
  });

  it("counts first reach, return and score of a particle that stays in the goal cell, and of one that fails", async () => {
    const idle = policyPerEpisode("idle", () => (_step, _observation, action) => action.fill(0));
    const { results } = await evaluateMazePolicy({ maze, policy: idle, episodes: 60, seed: 2 });
    const stays = results.find((result) => result.episodeReturn === 300);
    expect(stays?.firstReach).toBe(1);
    expect(stays?.success).toBe(true);
    expect(stays?.normalizedScore).toBeCloseTo((100 * (300 - 23.85)) / (161.86 - 23.85), 9);
    const fails = results.find((result) => !result.success);
    expect(fails?.firstReach).toBe(300);
    expect(fails?.episodeReturn).toBe(0);
  });

  it("gives every policy, and any number of episodes, the same starts, and multi-task only new goals", async () => {
    const recorded: (readonly MazeEpisode[])[] = [];
    const recorder = (name: string): MazePolicy => ({
      name,
      start: (episodes) => {
        recorded.push(episodes);
      },
      act: (_step, _observations, actions) => {
        actions.fill(0);
      },
    });
    await evaluateMazePolicy({ maze, policy: recorder("a"), episodes: 3, seed: 9 });
    await evaluateMazePolicy({ maze, policy: recorder("b"), episodes: 5, seed: 9 });
    await evaluateMazePolicy({ maze, policy: recorder("c"), episodes: 3, seed: 9, multiTask: true });
    await evaluateMazePolicy({ maze, policy: recorder("d"), episodes: 3, seed: 10 });
    const [a = [], b = [], c = [], d = []] = recorded;
    for (const index of [0, 1, 2]) {
      expect(b[index]?.observation).toEqual(a[index]?.observation);
      expect(c[index]?.observation).toEqual(a[index]?.observation);
      expect(d[index]?.observation).not.toEqual(a[index]?.observation);
      expect(a[index]?.goal).toEqual([1, 1]);
    }
    expect(c.map(({ goal }) => goal)).not.toContainEqual([1, 1]);
  });

  it("awaits an asynchronous policy, reports progress and the plan's points in walls", async () => {
    const progress: number[] = [];
    const policy: MazePolicy = {
      name: "asynchronous",
      start: async () => {},
      act: async (_step, _observations, actions) => {
        await Promise.resolve();
        actions.fill(0);
      },
      planPoints: () => [1, 1, 2, 2, 1, 2, 1, 3],
    };
    const onProgress = ({ step }: { step: number }) => progress.push(step);
    const { summary } = await evaluateMazePolicy({ maze, policy, episodes: 2, seed: 0, onProgress });
    expect(summary.planWallFraction).toBe(0.25);
    expect(progress.length).toBe(300);
    expect(progress.at(-1)).toBe(300);
    expect(wallFraction(maze, [])).toBe(0);
  });

  it("stops when aborted, and refuses a senseless number of episodes", async () => {
    const controller = new AbortController();
    const policy = policyPerEpisode("aborting", () => (step) => {
      if (step === 10) controller.abort();
    });
    const aborted = evaluateMazePolicy({ maze, policy, episodes: 1, seed: 0, signal: controller.signal });
    await expect(aborted).rejects.toSatisfy((error) => isDiffusionForcingError(error, "aborted"));
    const none = evaluateMazePolicy({ maze, policy, episodes: 0, seed: 0 });
    await expect(none).rejects.toThrow("episodes is 0");
  });
});
