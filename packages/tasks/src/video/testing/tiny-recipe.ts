import type { WorldConfig } from "../world-config.js";

/** A recipe that is trained in a moment and imagines nothing. */
export function tinyRecipe(world: WorldConfig, model: Readonly<Record<string, unknown>> = {}): unknown {
  return {
    world,
    video: { frames: 3, batch: 2, levels: "independent" },
    process: { levels: 20, objective: "x0" },
    model: { kind: "dit3d", width: 16, layers: 1, heads: 2, patchSize: 4, ...model },
    training: { steps: 1, learningRate: 1e-3, schedule: { kind: "constant" }, emaDecay: 0.9 },
  };
}
