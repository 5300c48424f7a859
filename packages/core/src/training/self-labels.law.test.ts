import { describe, it } from "vitest";
import { selfLabels } from "../diffusion/self-labels.js";
import { createRandom } from "../engine/random/index.js";
import { referenceBackend } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { diffusionForcing } from "../forcing.js";
import { normalizedMutualInformation } from "../metrics/index.js";
import { transformer } from "../models/index.js";
import { cosineSchedule } from "../process/gaussian/schedule.js";
import { selfLabeler } from "../sampling/guidance/self-labels.js";
import { checkLaw } from "../testing/law.js";
import type { BatchSource } from "./batch.js";
import { selfLabelTraining } from "./self-labels.js";
import { train } from "./train.js";

const backend = referenceBackend();
const sizes = { features: 1, width: 8, layers: 2, heads: 1, causal: false } as const;
const diffusion = diffusionForcing({
  model: transformer({ ...sizes, conditionFeatures: 4 }),
  schedule: cosineSchedule(20),
});

/** Two tokens about 1 or about -1. */
function pairs(count: number, random: ReturnType<typeof createRandom>) {
  const family = Int32Array.from({ length: count }, () => random.integer(0, 2));
  const data = Float32Array.from({ length: 2 * count }, (_, i) => 2 * family[i >> 1]! - 1 + 0.1 * random.normal());
  return { tokens: tensor(data, [count, 2, 1]), family };
}
const batches: BatchSource = (_step, random) => ({ tokens: pairs(16, random).tokens });

describe("selfLabelTraining", () => {
  it("finds two hidden families, of which it was told nothing", async ({ task }) => {
    const held = pairs(200, createRandom(3));
    const informationOf = async (level: number) => {
      const looking = selfLabels({ diffusion, feature: "layers.0", prototypes: 4, level });
      const { parameters } = await train(selfLabelTraining({ labels: looking }), {
        backend,
        batches,
        steps: 60,
        optimizer: { learningRate: 1e-2 },
        emaDecay: 0.9,
      });
      const labeler = selfLabeler({ backend, labels: looking, parameters });
      const { data } = await labeler.label(held.tokens, 1);
      await labeler.dispose();
      return normalizedMutualInformation(data, held.family);
    };
    checkLaw(task, {
      law: "Labels by the prototypes of a diffusion's own features tell two hidden families apart",
      statistic: "normalised mutual information with the families; 2/3 if four labels split them evenly",
      found: await informationOf(3),
      within: [0.6, 1],
      broken: {
        "tokens are looked at through pure noise": await informationOf(20),
      },
    });
  });
});
