import { describe, expect, it } from "vitest";
import type { Estimate } from "../task.js";
import { expertPolicy, randomPolicy, straightLinePolicy, trackedExpertPolicy, trackPlan } from "./baselines.js";
import { evaluateMazePolicy, type MazeEvaluationSummary } from "./evaluation.js";
import { type Maze, mazes } from "./mazes.js";
import type { MazePolicy } from "./policy.js";

const episodes = 300;
/** The reference figures come from 4,000 episodes with other starts, so both sides have an error. */
const referenceEpisodes = 4000;

type Figures = readonly [success: number, firstReach: number, normalizedScore: number];

/** Figures measured once in a separate implementation of the same environment. */
const references: readonly [Maze, Record<string, Figures>][] = [
  [
    mazes.umaze,
    {
      random: [0.27, 238, 3.7],
      "straight line": [0.64, 129, 106],
      expert: [1, 77, 144.5],
      "tracked expert": [1, 85, 138.7],
    },
  ],
  [
    mazes.medium,
    {
      random: [0.13, 546, 1.8],
      "straight line": [0.48, 351, 89],
      expert: [1, 177, 155],
      "tracked expert": [1, 187, 151.5],
    },
  ],
  [
    mazes.large,
    {
      random: [0.07, 757, 1.1],
      "straight line": [0.43, 510, 106],
      expert: [1, 247, 204.4],
      "tracked expert": [1, 262, 198.8],
    },
  ],
];

/** Distance to a reference figure in standard errors of the difference; an interval is 2 * 1.96 of them wide. */
function deviation(estimate: Estimate, reference: number): number {
  const standardError = (estimate.high - estimate.low) / 3.92;
  return Math.abs(estimate.value - reference) / (standardError * Math.sqrt(1 + episodes / referenceEpisodes));
}

function largestDeviation(summary: MazeEvaluationSummary, [success, firstReach, score]: Figures): number {
  return Math.max(
    deviation(summary.success, success),
    deviation(summary.firstReach, firstReach),
    deviation(summary.normalizedScore as Estimate, score),
  );
}

describe.each(references)("baselines of $name", (maze, figures) => {
  const policies: MazePolicy[] = [randomPolicy(), straightLinePolicy(), expertPolicy(maze), trackedExpertPolicy(maze)];

  it("score as measured before, within 4 standard errors, and unlike each other", async () => {
    const summaries: Record<string, MazeEvaluationSummary> = {};
    for (const policy of policies) {
      const { summary } = await evaluateMazePolicy({ maze, policy, episodes, seed: 1 });
      summaries[policy.name] = summary;
      for (const [name, reference] of Object.entries(figures)) {
        if (name === policy.name) expect(largestDeviation(summary, reference)).toBeLessThan(4);
        else if (!name.includes("expert")) expect(largestDeviation(summary, reference)).toBeGreaterThan(4);
      }
    }
    // The expert and its tracked copy differ by less than the starts do; on the same starts they differ clearly.
    expect(summaries["tracked expert"]?.ratioToExpert.low).toBeGreaterThan(1.02);
    expect(summaries["tracked expert"]?.ratioToExpert.high).toBeLessThan(1.12);
  });
});

it("tracks a plan with the gains 12.5 and 1.2, clipped", () => {
  const action = new Float64Array(2);
  trackPlan(1.04, 1, 2, -3, Float64Array.of(1, 1, 1.9, 0), action);
  expect(action[0]).toBeCloseTo(12.5 * 0.04 + 1.2 * 0.1, 12);
  expect(action[1]).toBe(-1);
});
