import { describe, expect, it } from "vitest";
import {
  generateMazeDataset,
  type MazeDatasetStatistics,
  mazeDatasetChecksum,
  mazeDatasetStatistics,
} from "./dataset.js";
import { insideWall, mazes } from "./mazes.js";

/** Statistics of D4RL's own files, from the official configuration of Diffusion Forcing. */
const d4rl = {
  umaze: {
    position: [1.9328, 2.3745],
    deviation: [0.8997, 0.7093, 2.2129, 2.4682],
    action: [0.7043, 0.7506],
    reward: 0.08125,
  },
  medium: {
    position: [3.5093, 3.4766],
    deviation: [1.3371, 1.521, 2.3408, 2.3694],
    action: [0.7398, 0.7459],
    reward: 0.02367,
  },
  large: {
    position: [3.7296, 5.3047],
    deviation: [1.807, 2.5688, 2.4368, 2.6494],
    action: [0.7249, 0.7395],
    reward: 0.00892,
  },
};

/**
 * The largest departure from D4RL's figures in units of its tolerance. Positions are correlated over some 300 steps,
 * so 400,000 steps are about 1,300 draws: a mean is known to 3 % of the deviation, a rare reward to 10 %; the rest
 * is much firmer.
 */
function departure(statistics: MazeDatasetStatistics, name: keyof typeof d4rl): number {
  const expected = d4rl[name];
  const ratios = (given: readonly number[], table: readonly number[], tolerance: number) =>
    given.map((value, index) => Math.abs(value / (table[index] ?? Number.NaN) - 1) / tolerance);
  const deviations = statistics.observationStandardDeviation;
  return Math.max(
    ...expected.position.map(
      (mean, axis) =>
        Math.abs((statistics.observationMean[axis] ?? 0) - mean) / (0.12 * (expected.deviation[axis] ?? 0)),
    ),
    ...ratios(deviations.slice(0, 2), expected.deviation.slice(0, 2), 0.05),
    ...ratios(deviations.slice(2), expected.deviation.slice(2), 0.02),
    ...ratios(statistics.actionStandardDeviation, expected.action, 0.01),
    ...ratios([statistics.rewardMean], [expected.reward], 0.3),
  );
}

describe("maze dataset", () => {
  it("has D4RL's statistics, and each maze its own", () => {
    for (const name of ["umaze", "medium", "large"] as const) {
      const dataset = generateMazeDataset({ maze: mazes[name], steps: 400_000, seed: 0 });
      const statistics = mazeDatasetStatistics(mazes[name], dataset);
      for (const other of ["umaze", "medium", "large"] as const) {
        if (other === name) expect(departure(statistics, other)).toBeLessThan(1);
        else expect(departure(statistics, other)).toBeGreaterThan(2);
      }
    }
  });

  it("is one continuous stream outside the walls with clipped actions", () => {
    const { observations, actions } = generateMazeDataset({ maze: mazes.medium, steps: 20_000, seed: 3 });
    let walls = 0;
    let largestJump = 0;
    for (let step = 0; step < 20_000; step++) {
      const [x = 0, y = 0] = observations.subarray(step * 4);
      if (insideWall(mazes.medium, x, y)) walls++;
      if (step === 0) continue;
      const [previousX = 0, previousY = 0] = observations.subarray(step * 4 - 4);
      largestJump = Math.max(largestJump, Math.abs(x - previousX), Math.abs(y - previousY));
    }
    expect(walls).toBe(0);
    expect(largestJump).toBeLessThan(0.06);
    expect(Math.max(...actions)).toBe(1);
    expect(Math.min(...actions)).toBe(-1);
  });

  it("repeats the same bytes", async () => {
    const options = { maze: mazes.umaze, steps: 5000, seed: 0 };
    const checksum = await mazeDatasetChecksum(generateMazeDataset(options));
    expect(checksum).toBe("2c1e71f6edb57820affdfe0058547902620a922ce62f4b54bbfb3e287d7d46ef");
    const other = await mazeDatasetChecksum(generateMazeDataset({ ...options, seed: 1 }));
    expect(other).not.toBe(checksum);
  });

  it("takes moments per column", () => {
    const statistics = mazeDatasetStatistics(mazes.umaze, {
      observations: Float32Array.of(1, 3, 0, 2, 3, 3, 0, 4),
      actions: Float32Array.of(1, -1, 0, -1),
    });
    expect(statistics).toEqual({
      observationMean: [2, 3, 0, 3],
      observationStandardDeviation: [1, 0, 0, 1],
      actionMean: [0.5, -1],
      actionStandardDeviation: [0.5, 0],
      rewardMean: 0,
    });
  });

  it("refuses a senseless length", () => {
    expect(() => generateMazeDataset({ maze: mazes.umaze, steps: 0.5, seed: 0 })).toThrow("steps is 0.5");
  });
});
