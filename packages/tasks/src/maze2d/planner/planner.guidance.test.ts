import { createRandom } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { planStreams } from "../../planning/planner.js";
import type { PlanProblem } from "../../planning/planner-options.js";
import { config, here, planner, zeroParameters } from "./testing/planner-fixture.js";

describe("gradient guidance", () => {
  const parameters = zeroParameters(config);
  const problems = new Array<PlanProblem>(8).fill({ history: [[2, 3]], goal: [2.5, 3.25] });

  /** Mean distance, in deviations, of the last frame from the goal, which is at (1, 1). */
  async function distance(scale: number, samples: number): Promise<number> {
    const reach = { kind: "gradient", scale, samples } as const;
    const plans = await planner({ parameters, reach, lengths: [4], steps: 8 }).plan(problems, planStreams(4, 8));
    const distances = plans.map(({ positions }) => {
      const [x = 0, y = 0] = positions.subarray(-2);
      return Math.sqrt(((x - 2.5) / 0.5) ** 2 + ((y - 3.25) / 0.25) ** 2);
    });
    return distances.reduce((sum, value) => sum + value, 0) / distances.length;
  }

  it.each([1, 4])("moves plans towards the goal, averaged over %i futures", async (samples) => {
    const free = await distance(0, samples);
    expect(await distance(0.05, samples)).toBeLessThan(0.85 * free);
    // The wrong sign drives them away.
    expect(await distance(-0.05, samples)).toBeGreaterThan(1.1 * free);
  });

  it("draws other futures than the single estimate, unless the scale is 0", async () => {
    const frames = async (scale: number, samples: number): Promise<number[]> => {
      const reach = { kind: "gradient", scale, samples } as const;
      const [plan] = await planner({ reach, lengths: [3] }).plan([here], [createRandom(1)]);
      return [...(plan?.frames ?? [])];
    };
    expect(await frames(0, 4)).toEqual(await frames(0, 1));
    expect(await frames(0.05, 4)).not.toEqual(await frames(0.05, 1));
  });

  it("judges plans by the model alone, without guidance, six of a length", async () => {
    const frames = Float32Array.from({ length: 400 }, (_, i) => (i % 2 === 0 ? 2 : 3) + 0.1 * Math.sin(i));
    const reach = { kind: "gradient", scale: 0.05 } as const;
    const judged = planner({ parameters, reach, lengths: [4], steps: 4, data: [frames], candidates: 6 });
    const [plan] = await judged.plan([here], [createRandom(1)]);
    expect(plan?.inconsistency).toBeGreaterThan(0);
    // Six of four steps each, and two questions about each.
    expect(judged.evaluations).toBe(6 * 4 + 6 * 2);
    await judged.dispose();
  });
});
