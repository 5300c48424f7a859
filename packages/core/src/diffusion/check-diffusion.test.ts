import * as v from "valibot";
import { expect, it } from "vitest";
import { recurrent } from "../models/index.js";
import { edm } from "../process/index.js";
import { diffusionSchema } from "./check-diffusion.js";

it("diffusionSchema takes a model with a process, and neither without the other", () => {
  const [model, process] = [recurrent({ features: 1, stateSize: 4, width: 4 }), edm({ levels: 5 })];
  const diffusion = { model, process, lossWeighting: process.lossWeighting };
  expect(v.parse(diffusionSchema, diffusion)).toBe(diffusion);
  expect(v.is(diffusionSchema, { model })).toBe(false);
  expect(v.is(diffusionSchema, { process })).toBe(false);
  expect(v.is(diffusionSchema, { model: process, process })).toBe(false);
});
