import { tasks } from "@diffusion-forcing/tasks";
import { expect, it } from "vitest";
import { freshRun } from "./run-start.js";

const composition = tasks.find(({ name }) => name === "composition")!;
const [usual, other] = Object.keys(composition.presets) as [string, string];

it("a task that is named is trained by its first preset, unless another recipe is asked for", async () => {
  const started = async (preset?: string) => {
    const options = { out: "x", ...(preset === undefined ? {} : { preset }) };
    return (await freshRun(tasks, { task: "composition", given: {} }, options)).config;
  };
  expect(await started()).toMatchObject({ task: "composition", seed: 0, ...composition.presets[usual] });
  expect(await started(other)).toMatchObject({ task: "composition", ...composition.presets[other] });
  expect(await started()).not.toEqual(await started(other));
});
