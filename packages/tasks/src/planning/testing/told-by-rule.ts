import { ddim, linearSchedule, referenceBackend, variancePreserving } from "@diffusion-forcing/core";
import type { Value } from "@diffusion-forcing/core/graph";
import { Sampler } from "@diffusion-forcing/core/sampling";

/** A sampler of tokens with one feature whose model tells clean tokens from noisy ones by a rule, [B, T, 1]. */
export function toldByRule(clean: (tokens: Value) => Value): Sampler {
  return new Sampler(
    {
      model: {
        config: { kind: "rule" },
        tokenShape: [1],
        conditionFeatures: 0,
        parameters: {},
        apply: (_, { tokens }) => clean(tokens),
      },
      process: variancePreserving(linearSchedule(100), { objective: "x0" }),
      lossWeighting: { kind: "uniform" },
    },
    { backend: referenceBackend(), parameters: {}, timesteps: 20, solver: ddim(), stabilizationLevel: 0 },
  );
}
