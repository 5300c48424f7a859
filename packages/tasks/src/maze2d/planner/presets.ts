import { transformer } from "@diffusion-forcing/core";
import type { LearningRateSchedule } from "@diffusion-forcing/core/training";
import { drawnMaze, framesPerCell, longestRoute } from "../drawn-maze.js";
import { type MazeName, mazeLayout, mazes } from "../mazes.js";
import type { PlannerConfig } from "./config.js";
import { type FrameField, featuresPerFrame } from "./frames.js";

/** How a planner is trained. */
export interface PlannerTraining {
  readonly steps: number;
  /** Tokens in a training step, over all its windows. */
  readonly tokensPerStep: number;
  /** Steps of the generated data stream. */
  readonly dataSteps: number;
  readonly dataSeed: number;
  readonly learningRate: number;
  readonly schedule: LearningRateSchedule;
  readonly emaDecay: number;
}

export interface PlannerPreset {
  readonly planner: PlannerConfig;
  readonly training: PlannerTraining;
}

/** A recipe for another maze: lengths for its longest way, and as much data as it needs. */
export function presetForMaze({ planner, training }: PlannerPreset, layout: string): PlannerPreset {
  const maze = drawnMaze(layout);
  const longest = Math.max(4, Math.ceil((framesPerCell * (longestRoute(maze) + 1)) / planner.frameStack));
  return {
    planner: {
      ...planner,
      maze: { kind: "drawn", layout: mazeLayout(maze) },
      lengths: range(3, longest, Math.max(1, Math.round(longest / 20))),
    },
    training: { ...training, dataSteps: maze.datasetSize },
  };
}

/** Lengths from `first` to `last` in steps of `by`. */
function range(first: number, last: number, by: number): number[] {
  return Array.from({ length: Math.floor((last - first) / by) + 1 }, (_, i) => first + i * by);
}

const lengths: Readonly<Record<MazeName, readonly number[]>> = {
  umaze: range(3, 22, 1),
  medium: range(4, 38, 2),
  large: range(4, 58, 3),
  giant: range(3, 45, 2),
};

/** Frames of a token. Routes through giant are long: longer tokens keep their sequences short. */
const frameStacks: Readonly<Record<MazeName, number>> = { umaze: 10, medium: 10, large: 10, giant: 20 };

function plannerConfig(
  maze: MazeName,
  size: { width: number; layers: number; feedForward: number },
  fields: readonly FrameField[] = ["position"],
): PlannerConfig {
  const frameStack = frameStacks[maze];
  const features = frameStack * featuresPerFrame(fields);
  return {
    kind: "maze2d-planner",
    maze,
    fields,
    frameStack,
    lengths: lengths[maze],
    model: transformer({ features, heads: 4, causal: false, positions: "sinusoidal", ...size }).config,
    schedule: { kind: "linear", levels: 1000 },
    objective: "x0",
    lossWeighting: { kind: "clamped-snr", low: 0.5, high: 5 },
    clipNoise: 20,
  };
}

function training(maze: MazeName, steps: number, learningRate: number): PlannerTraining {
  return {
    steps,
    tokensPerStep: { umaze: 2048, medium: 2560, large: 2560, giant: 1536 }[maze],
    dataSteps: mazes[maze].datasetSize,
    dataSeed: 1,
    learningRate,
    schedule: { kind: "cosine", warmupSteps: 300 },
    emaDecay: 0.998,
  };
}

const full = { width: 128, layers: 4, feedForward: 512 };

/**
 * The recipes of the bundled models, and `quick`: a small umaze planner that trains in about two minutes on two
 * cores.
 */
export const plannerPresets: Readonly<Record<MazeName | "quick", PlannerPreset>> = {
  umaze: { planner: plannerConfig("umaze", full), training: training("umaze", 4500, 5e-4) },
  medium: { planner: plannerConfig("medium", full), training: training("medium", 10_000, 5e-4) },
  large: { planner: plannerConfig("large", full), training: training("large", 12_000, 7e-4) },
  giant: { planner: plannerConfig("giant", full), training: training("giant", 32_000, 7e-4) },
  quick: {
    planner: plannerConfig("umaze", { width: 64, layers: 3, feedForward: 256 }),
    training: { ...training("umaze", 1500, 1e-3), schedule: { kind: "cosine", warmupSteps: 100 }, emaDecay: 0.99 },
  },
};
