import { expect, it } from "vitest";
import { cast, mul, reshape, sum } from "../engine/graph/operations.js";
import { referenceBackend } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import type { Model } from "../models/model.js";
import { deviceStandIn } from "../testing/device-stand-in.js";
import { smallPath } from "../testing/small-path.js";
import { learnedPrior } from "./learned-prior.js";

const process = smallPath();
/** w times the tokens times their level, and times what the condition adds up to. */
const model = (conditionFeatures: number): Model => ({
  config: { kind: "scaling" },
  tokenShape: [2],
  conditionFeatures,
  parameters: { w: { shape: [1], initializer: { kind: "ones" } } },
  apply: ({ w }, { tokens, noiseLevels, condition }) => {
    const each = [...noiseLevels.shape, 1];
    const moved = mul(mul(tokens, w!), reshape(cast(noiseLevels, "float32"), each));
    return condition === undefined ? moved : mul(moved, reshape(sum(condition, 2), each));
  },
});
const diffusionOf = (conditionFeatures = 0) => {
  return { model: model(conditionFeatures), process, lossWeighting: process.lossWeighting };
};
const noise = tensor([1, -2, 3, 0.5], [1, 2, 2]);
const request = { noise, levels: Int32Array.of(2, 2) };
const parameters = { w: tensor([0.5]) };

it("moves noise by the network's output, told the last level whatever is asked for", async () => {
  const prior = learnedPrior({ backend: referenceBackend(), diffusion: diffusionOf(), parameters });
  expect(await prior(request)).toEqual(tensor([2.5, -5, 7.5, 1.25], [1, 2, 2]));
});

it("tells the network its condition", async () => {
  const prior = learnedPrior({ backend: referenceBackend(), diffusion: diffusionOf(2), parameters });
  const condition = tensor([1, 1, 2, -2], [1, 2, 2]);
  expect(await prior({ ...request, condition })).toEqual(tensor([4, -8, 3, 0.5], [1, 2, 2]));
});

it("keeps nothing on the device", async () => {
  const { backend, live, open } = deviceStandIn();
  await learnedPrior({ backend, diffusion: diffusionOf(), parameters })(request);
  expect([live(), open()]).toEqual([0, 0]);
});

it.each<[object, string]>([
  [{ backend: {} }, "learnedPrior: backend is an object; expected a backend."],
  [{ diffusion: null }, "learnedPrior: diffusion is null"],
  [{ parameters: null }, "learnedPrior: parameters is null; expected weights by parameter name."],
  [{ parameters: {} }, 'Parameter "w" [1] is missing.'],
  [{ parameters: { ...parameters, "discriminator.w": tensor([1]) } }, 'There is no parameter "discriminator.w".'],
  [{ level: 3 }, "there is no option level"],
])("refuses %o", (wrong, message) => {
  const options = { backend: referenceBackend(), diffusion: diffusionOf(), parameters };
  expect(() => learnedPrior({ ...options, ...wrong } as never)).toThrow(message);
});
