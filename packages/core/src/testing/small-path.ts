import { gaussianProcess } from "../process/gaussian/gaussian-process.js";
import { cleanObjective } from "../process/gaussian/objective.js";
import type { NoiseProcess } from "../process/process.js";

/** Levels whose signal and noise are 1 and 0, .8 and .6, .6 and .8, .28 and .96; the network outputs the clean token. */
export function smallPath(
  limit: { kind: "none" } | { kind: "static"; bound: number } = { kind: "none" },
): NoiseProcess {
  const path = { signal: Float64Array.of(1, 0.8, 0.6, 0.28), noise: Float64Array.of(0, 0.6, 0.8, 0.96) };
  return gaussianProcess({
    config: { kind: "small" },
    path,
    objective: cleanObjective(path),
    limit,
    noiseClip: 20,
    lossWeighting: { kind: "uniform" },
    priorScale: 1,
  });
}
