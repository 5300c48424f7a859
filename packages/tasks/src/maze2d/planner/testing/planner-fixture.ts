import {
  type Backend,
  createRandom,
  type HostTensor,
  type HostTensorRecord,
  initializeParameters,
  linearSchedule,
  referenceBackend,
  type TensorRecord,
  transformer,
  zeros,
} from "@diffusion-forcing/core";
import type { Normalizer } from "../../../planning/frames.js";
import type { PlanProblem } from "../../../planning/planner-options.js";
import { type PlannerConfig, plannerDiffusion } from "../config.js";
import { MazePlanner } from "../planner.js";
import type { MazePlannerOptions } from "../planner-options.js";

export function tinyConfig(change: Partial<PlannerConfig> = {}): PlannerConfig {
  const { fields = ["position"], frameStack = 2 } = change;
  const features = 2 * fields.length * frameStack;
  return {
    kind: "maze2d-planner",
    maze: "medium",
    fields,
    frameStack,
    lengths: [3, 4],
    model: transformer({ features, width: 8, heads: 2, layers: 1, feedForward: 8, causal: false }).config,
    schedule: { kind: "linear", levels: 100 },
    objective: "v",
    lossWeighting: { kind: "uniform" },
    clipNoise: 20,
    ...change,
  };
}

export const config: PlannerConfig = tinyConfig();
export const normalizer: Normalizer = { mean: [2, 3], std: [0.5, 0.25] };

/** A model that answers v = 0 is the exact denoiser of data that is Gaussian noise itself. */
export function zeroParameters(of: PlannerConfig): HostTensorRecord {
  const { parameters } = plannerDiffusion(of).model;
  return Object.fromEntries(Object.entries(parameters).map(([name, { shape }]) => [name, zeros("float32", shape)]));
}

export const randomParameters: HostTensorRecord = initializeParameters(plannerDiffusion(config).model, createRandom(5));

export function planner(options: Partial<MazePlannerOptions> = {}): MazePlanner {
  return new MazePlanner({
    backend: referenceBackend(),
    config,
    parameters: randomParameters,
    normalizer,
    steps: 4,
    smoothness: 0.3,
    candidates: 1,
    data: [],
    ...options,
  });
}

/** The reference backend; everything its executables are given is noted down. */
export function recordingBackend(runs: TensorRecord[]): Backend {
  const backend = referenceBackend();
  return {
    ...backend,
    compile: async (graph, options) => {
      const executable = await backend.compile(graph, options);
      return {
        run: (inputs, runOptions) => {
          runs.push(inputs);
          return executable.run(inputs, runOptions);
        },
        dispose: () => executable.dispose(),
      };
    },
  };
}

export const numbers = (tensor: unknown): number[] => [...(tensor as HostTensor).data];

/** How much of the first noise `steps` DDIM steps leave for v = 0: each step turns (x0, eps) by the angle between its levels. */
export function remainingNoise(levels: readonly number[]): number {
  const { signal } = linearSchedule(100).path;
  const angle = (level: number): number => Math.acos(signal[level] as number);
  return levels.slice(1).reduce((left, level, i) => left * Math.cos(angle(levels[i] as number) - angle(level)), 1);
}

export const here: PlanProblem = {
  history: [
    [1, 2],
    [1.25, 2.5],
  ],
  goal: [3, 4],
};
