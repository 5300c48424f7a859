import type { Backend } from "../engine/backend/contract.js";
import { sum } from "../engine/graph/operations.js";
import { createRandom } from "../engine/random/index.js";
import { diffusionForcing } from "../forcing.js";
import { evidenceLowerBoundStream } from "../likelihood/index.js";
import { initializeParameters, transformer } from "../models/index.js";
import { cosineSchedule } from "../process/index.js";
import { fullSequence, schedulingMatrix, treeSearch, withStrength } from "../sampling/index.js";
import type { Conformance } from "./test-api.js";
import { assertTakesTurns, type LongWork } from "./turns.js";
import { drawTensor } from "./values.js";

/** More steps than any device takes before the abort. */
const STEPS = 3000;

const LENGTH = 4;

const forcing = diffusionForcing({
  model: transformer({ features: 1, width: 8, layers: 1, heads: 1, feedForward: 8 }),
  schedule: cosineSchedule(STEPS),
});
const tokens = drawTensor({ dtype: "float32", shape: [2, LENGTH, 1], low: -1, high: 1 }, 1);
const { rows } = schedulingMatrix(fullSequence(), STEPS, LENGTH);

async function each(progress: AsyncIterable<unknown>, onStep: () => void): Promise<void> {
  for await (const _ of progress) onStep();
}

/** Everything that takes long, by what it does. */
function longWorks(backend: Backend): Record<string, LongWork> {
  const parameters = initializeParameters(forcing.model, createRandom(0));
  const options = { backend, parameters, timesteps: STEPS };
  return {
    trains: (signal, onStep) => {
      const batches = () => {
        onStep();
        return { tokens };
      };
      return forcing.train({ backend, steps: STEPS, seed: 0, batches, signal });
    },
    samples: async (signal, onStep) => {
      const sampler = forcing.sampler(options);
      await each(sampler.sampleStream({ length: LENGTH, seed: 0, signal }), onStep).finally(() => sampler.dispose());
    },
    "rolls out": async (signal, onStep) => {
      const sampler = forcing.sampler({ ...options, timesteps: 4 });
      const chunks = sampler.rollout({ length: Number.POSITIVE_INFINITY, window: LENGTH, seed: 0, signal });
      await each(chunks, onStep).finally(() => sampler.dispose());
    },
    "bounds a likelihood": (signal, onStep) =>
      each(evidenceLowerBoundStream(forcing, { ...options, tokens, rows, seed: 0, signal }), onStep),
    searches: async (signal, onStep) => {
      const guidance = withStrength({ samples: 1, reward: (clean) => sum(clean, [1, 2]) });
      const sampler = forcing.sampler({ ...options, guidance });
      const search = treeSearch({
        sampler,
        request: {
          tokens: drawTensor({ dtype: "float32", shape: [1, LENGTH, 1], low: -1, high: 1 }, 2),
          rows,
          seed: 0,
          signal,
        },
        strengths: [0, 1],
        depth: STEPS / 2,
        expansions: STEPS,
        score: ({ data }) => data[0] as number,
      });
      await each(search, onStep).finally(() => sampler.dispose());
    },
  };
}

/** Long work shares the thread with timers and aborts, also where the device computes synchronously. */
export function testTurns({ options, backend }: Conformance): void {
  const { describe, it } = options;
  describe("turns", () => {
    for (const name of ["trains", "samples", "rolls out", "bounds a likelihood", "searches"]) {
      it(`lets a timer and an abort through while it ${name}`, async () => {
        await assertTakesTurns(longWorks(await backend())[name] as LongWork, name);
      });
    }
  });
}
