import { createRandom, referenceBackend, type TrainingState, tensor } from "@diffusion-forcing/core";
import { variationalAutoencoder } from "@diffusion-forcing/core/bundle";
import { expect, it } from "vitest";
import { trainCodec } from "./codec-training.js";

const codec = variationalAutoencoder({ features: 2, latentFeatures: 1, width: 4 });
const batches = (step: number) => {
  const data = new Float32Array(8);
  createRandom(step).fillNormal(data);
  return { tokens: tensor(data, [1, 4, 2]) };
};
const recipe = { codecSteps: 4, codecLearningRate: 1e-2 };

it("trains for the recipe's steps, says so, and goes on from what an earlier session kept", async () => {
  const heard: string[] = [];
  const kept: TrainingState[] = [];
  const save = async (state: TrainingState): Promise<void> => {
    kept.push(state);
  };
  const all = await trainCodec(
    codec,
    recipe,
    { batches },
    {
      backend: referenceBackend(),
      codecState: { load: async () => undefined, save },
      onProgress: (done, total, note) => heard.push(`${done}/${total} ${note?.split(",")[0]}`),
    },
  );
  expect(heard.at(-1)).toBe("4/4 codec");
  expect(Object.keys(all)).toEqual(expect.arrayContaining(Object.keys(codec.parameters)));
  expect(kept).toHaveLength(1);
  const again = await trainCodec(
    codec,
    recipe,
    { batches: () => expect.unreachable("it has all of its steps behind it") },
    {
      backend: referenceBackend(),
      codecState: { load: async () => kept.at(-1), save },
    },
  );
  expect(again).toEqual(all);
});
