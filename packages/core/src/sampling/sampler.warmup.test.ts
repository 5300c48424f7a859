import { expect, it } from "vitest";
import { square, sum } from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import { createRandom } from "../engine/random/index.js";
import { diffusionForcing } from "../forcing.js";
import { initializeParameters } from "../models/parameters.js";
import { transformer } from "../models/transformer/index.js";
import { cosineSchedule } from "../process/gaussian/schedule.js";
import { deviceStandIn } from "../testing/device-stand-in.js";
import { ddim } from "./solvers/ddim.js";

it("runs each shape once ahead of its use, whatever the step takes as inputs, and keeps nothing", async () => {
  const { backend, live } = deviceStandIn();
  const runs: string[][] = [];
  const counting = {
    ...backend,
    compile: async (...request: Parameters<typeof backend.compile>) => {
      const executable = await backend.compile(...request);
      const run: typeof executable.run = (inputs, options) => {
        runs.push(Object.keys(inputs));
        return executable.run(inputs, options);
      };
      return { run, dispose: () => executable.dispose() };
    },
  };
  const model = transformer({ features: 2, width: 8, layers: 1, heads: 2 });
  const sampler = diffusionForcing({ model, schedule: cosineSchedule(10) }).sampler({
    backend: counting,
    parameters: initializeParameters(model, createRandom(0)),
    timesteps: 3,
    solver: ddim({ eta: 1 }),
    guidance: { reward: (x0: Value) => sum(square(x0), [1, 2]), samples: 2 },
  });
  await sampler.warmup(1, 4);
  await sampler.warmup(2, 4);
  expect(runs).toEqual([
    ["x", "levels", "noise", "futureNoise"],
    ["x", "levels", "noise", "futureNoise"],
  ]);
  expect(live()).toBe(0);
  await sampler.dispose();
});
