import { createRandom } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { createMazeEnvironment, goalReward } from "./environment.js";
import { mazes } from "./mazes.js";

describe("maze environment", () => {
  it("rewards the closed disc of radius 0.5 around the goal", () => {
    expect(goalReward(1.3, 1.4, [1, 1])).toBe(1);
    expect(goalReward(1.5, 1, [1, 1])).toBe(1);
    expect(goalReward(1.31, 1.4, [1, 1])).toBe(0);
  });

  it("starts within 0.1 of every free cell, equally often, with velocity N(0, 0.1)", () => {
    const environment = createMazeEnvironment(mazes.umaze);
    const random = createRandom(0);
    const counts = new Map<string, number>();
    let squares = 0;
    for (let reset = 0; reset < 7000; reset++) {
      environment.reset(random);
      const [x = 0, y = 0, velocityX = 0, velocityY = 0] = environment.observation;
      expect(Math.abs(x - Math.round(x))).toBeLessThanOrEqual(0.1);
      expect(Math.abs(y - Math.round(y))).toBeLessThanOrEqual(0.1);
      const key = `${Math.round(x)},${Math.round(y)}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
      squares += velocityX ** 2 + velocityY ** 2;
    }
    expect([...counts.keys()].sort()).toEqual(["1,1", "1,2", "1,3", "2,3", "3,1", "3,2", "3,3"]);
    // 1,000 expected per cell with a standard deviation of 29: 130 is 4.4 of them. Leaving out the goal cell, as
    // a careless reading of D4RL would, gives 1,167 in each of six cells and is caught.
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(130);
    // Relative standard error of the variance over 14,000 draws: 1.2 %.
    expect(squares / 14000 / 0.01).toBeCloseTo(1, 1);
  });

  it("keeps the maze's goal, or draws one per reset without changing the start", () => {
    const single = createMazeEnvironment(mazes.large);
    const multi = createMazeEnvironment(mazes.large, { multiTask: true });
    const goals = new Set<string>();
    for (let seed = 0; seed < 20; seed++) {
      single.reset(createRandom(seed));
      multi.reset(createRandom(seed));
      expect(multi.observation).toEqual(single.observation);
      expect(single.goal).toEqual([7, 9]);
      goals.add(multi.goal.map(Math.round).join());
    }
    expect(goals.size).toBeGreaterThan(10);
  });

  it("steps and rewards where the step led", () => {
    const environment = createMazeEnvironment(mazes.umaze);
    environment.observation.set([1, 1.501, 0, -1]);
    expect(environment.step(0, 0)).toBe(1);
    expect(environment.observation[1]).toBeLessThan(1.5);
  });
});
