import {
  cosineSchedule,
  createRandom,
  diffusionForcing,
  initializeParameters,
  referenceBackend,
  tensor,
  transformer,
} from "@diffusion-forcing/core";
import { Sampler } from "@diffusion-forcing/core/sampling";
import { expect, it } from "vitest";
import { interpolate, replaceKnown } from "./rivals.js";

it("interpolates on the sphere between the known tokens around a gap", () => {
  // A quarter turn in three steps: 30 and 60 degrees.
  const tokens = tensor([1, 0, 9, 9, 9, 9, 0, 1], [1, 4, 2]);
  const { data } = interpolate(tokens, [false, true, true, false]);
  const [c, s] = [Math.cos(Math.PI / 6), 0.5];
  expect([...data]).toEqual([1, 0, c, s, s, c, 0, 1].map((x) => expect.closeTo(x, 6)));
});

it("holds the only known token at an end, and goes straight between tokens of one direction", () => {
  expect([...interpolate(tensor([1, 2, 9, 9], [1, 2, 2]), [false, true]).data]).toEqual([1, 2, 1, 2]);
  expect([...interpolate(tensor([9, 9, 1, 2], [1, 2, 2]), [true, false]).data]).toEqual([1, 2, 1, 2]);
  const { data } = interpolate(tensor([1, 1, 9, 9, 3, 3], [1, 3, 2]), [false, true, false]);
  expect([...data.slice(2, 4)]).toEqual([expect.closeTo(2, 5), expect.closeTo(2, 5)]);
});

it("replaces known tokens by noised ones at every step, and by themselves at the end", async () => {
  const { model, process, ...rest } = diffusionForcing({
    model: transformer({ features: 2, width: 8, layers: 1, heads: 2, causal: false }),
    schedule: cosineSchedule(20),
  });
  const seen: number[][] = [];
  const spied = {
    ...rest,
    process,
    model: {
      ...model,
      apply: (...given: Parameters<typeof model.apply>) => {
        seen.push([...given[1].noiseLevels.shape]);
        return model.apply(...given);
      },
    },
  };
  const parameters = initializeParameters(model, createRandom(1));
  const sampler = new Sampler(spied, { backend: referenceBackend(), parameters, timesteps: 5 });
  const tokens = tensor([1, 2, 0, 0, 3, 4], [1, 3, 2]);
  const one = await replaceKnown(sampler, tokens, [false, true, false], createRandom(2));
  expect([...one.data.slice(0, 2), ...one.data.slice(4)]).toEqual([1, 2, 3, 4]);
  expect(await replaceKnown(sampler, tokens, [false, true, false], createRandom(2))).toEqual(one);
  expect(await replaceKnown(sampler, tokens, [false, true, false], createRandom(3))).not.toEqual(one);
  expect(seen.length).toBeGreaterThan(0);
  await sampler.dispose();
});
