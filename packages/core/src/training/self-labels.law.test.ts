import { describe, it } from "vitest";
import { selfLabels } from "../diffusion/self-labels.js";
import { createRandom } from "../engine/random/index.js";
import { referenceBackend } from "../engine/reference/index.js";
import { normalizedMutualInformation } from "../metrics/index.js";
import { selfLabeler } from "../sampling/guidance/self-labels.js";
import { familyDiffusion as diffusion, familiesOf } from "../testing/fixtures/families.js";
import { checkLaw } from "../testing/law.js";
import type { BatchSource } from "./batch.js";
import { selfLabelTraining } from "./self-labels.js";
import { train } from "./train.js";

const backend = referenceBackend();

const batches: BatchSource = (_step, random) => ({ tokens: familiesOf(16, random).tokens });

describe("selfLabelTraining", () => {
  it("finds two hidden families, of which it was told nothing", async ({ task }) => {
    const held = familiesOf(200, createRandom(3));
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
