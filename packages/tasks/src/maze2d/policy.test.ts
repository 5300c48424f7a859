import { createRandom } from "@diffusion-forcing/core";
import { expect, it } from "vitest";
import { mazes } from "./mazes.js";
import { type MazeEpisode, policyPerEpisode } from "./policy.js";

it("gives each episode its own actor, rows of the observations and rows of the actions", async () => {
  const policy = policyPerEpisode("test", ({ goal }) => (step, observation, action) => {
    action[0] = (observation[0] as number) + goal[0];
    action[1] = step;
  });
  const episode = (goalX: number): MazeEpisode => {
    return { maze: mazes.umaze, observation: new Float64Array(4), goal: [goalX, 0], random: createRandom(0) };
  };
  await policy.start([episode(10), episode(20)]);
  const actions = new Float64Array(4);
  await policy.act(7, Float64Array.of(1, 0, 0, 0, 2, 0, 0, 0), actions);
  expect([...actions]).toEqual([11, 7, 22, 7]);

  await policy.start([episode(30)]);
  await policy.act(0, Float64Array.of(1, 0, 0, 0), actions);
  expect([...actions.subarray(0, 2)]).toEqual([31, 0]);
});
