import { officialMatrix } from "@diffusion-forcing/core/official";
import { timestepLevels } from "@diffusion-forcing/core/process";
import type { GoldenCase } from "../case.js";
import type { TensorResult } from "../compare.js";

interface OfficialMatrix {
  readonly key: string;
  readonly kind: string;
  readonly sampling_timesteps: number;
  readonly uncertainty_scale: number;
  readonly horizon: number;
}

interface OfficialRealSteps {
  readonly key: string;
  readonly timesteps: number;
  readonly sampling_timesteps: number;
}

/** F: scheduling matrices, and the noise level of each level index. */
export function runSchedulingMatrix(golden: GoldenCase): TensorResult[] {
  const { matrices = [], real_steps = [] } = golden.json as {
    matrices?: readonly OfficialMatrix[];
    real_steps?: readonly OfficialRealSteps[];
  };
  const built = matrices.map(({ key, kind, sampling_timesteps, uncertainty_scale, horizon }) => {
    const { rows } = officialMatrix(kind, uncertainty_scale, sampling_timesteps, horizon);
    return { name: key, shape: [rows.length, horizon], data: rows.flatMap((row) => [...row]) };
  });
  const levels = real_steps.map(({ key, timesteps, sampling_timesteps }) => {
    const officialLevels = timestepLevels(timesteps, sampling_timesteps).map((level) => level - 1);
    return { name: key, shape: [officialLevels.length], data: officialLevels };
  });
  return [...built, ...levels];
}
