import { createRandom, isDiffusionForcingError } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import type { MazePlannerOptions } from "./planner-options.js";
import { here, planner } from "./testing/planner-fixture.js";

describe("options", () => {
  it.each<[Partial<MazePlannerOptions>, string]>([
    [{ batch: 0 }, "batch is 0; expected a whole number from 1"],
    [{ batch: 1.5 }, "batch is 1.5"],
    [{ lengths: [] }, "lengths is []; expected at least one length"],
    [{ lengths: [3, 2] }, "lengths.1 is 2; expected a whole number from 3 to 64"],
    [{ lengths: [65] }, "lengths.0 is 65; expected a whole number from 3 to 64"],
    [{ steps: 101 }, "steps is 101; expected a whole number from 1 to 100"],
    [{ eta: 2 }, "eta is 2; expected a number from 0 to 1"],
    [{ smoothness: Number.NaN }, "smoothness is NaN"],
    [{ arrival: 0 }, "arrival is 0; expected a positive number"],
    [{ accept: true as never }, "accept is true; expected a function"],
    [{ goal: { kind: "gradient", scale: 1 } } as never, "there is no option goal"],
    [{ reach: "token" as never }, 'reach is "token"; expected an object with kind "token" or "gradient"'],
    [{ reach: { kind: "goal-token" } as never }, "reach"],
    [{ reach: { kind: "token", scale: 1 } as never }, "reach.scale"],
    [{ reach: { kind: "gradient" } as never }, "reach.scale is missing"],
    [{ reach: { kind: "gradient", scale: Number.POSITIVE_INFINITY } }, "reach.scale is Infinity"],
    [{ reach: { kind: "gradient", scale: 1, samples: 0 } }, "reach.samples is 0; expected a whole number from 1"],
  ])("refuses %j", async (options, message) => {
    const use = async (): Promise<unknown> => planner(options).plan([here], [createRandom(0)]);
    await expect(use()).rejects.toThrow(message);
    await expect(use()).rejects.toSatisfy((error) => isDiffusionForcingError(error, "invalid-argument"));
  });

  it.each([
    ["another width", { mean: [0, 0, 0], std: [1, 1, 1] }, "has 3 numbers in mean and in std; frames have 2"],
    ["no numbers", { mean: "0", std: [1, 1] }, 'mean is "0"'],
    ["numbers beyond float32", { mean: [0, 1e308], std: [1, 1] }, "mean.1 is 1e+308"],
  ])("refuses a normaliser of %s", (_what, wrong, message) => {
    expect(() => planner({ normalizer: wrong as never })).toThrow(message);
  });
});

describe("problems", () => {
  it.each([
    ["an empty list", [], "[]"],
    ["an observation for a frame of positions", [[1, 2, 0, 0]], "an array of 1"],
    ["the numbers of two frames in a row", Float32Array.of(1, 2, 1, 2), "a Float32Array of 4 elements"],
    ["half a frame", [[1, 2], [1]], "an array of 2"],
    ["no number", [[1, Number.NaN]], "an array of 1"],
  ])("refuses %s as history", async (_what, history, shown) => {
    const plan = planner().plan([{ history: history as unknown as number[][], goal: [1, 1] }], [createRandom(0)]);
    const wanted = "expected at least one frame of 2 finite numbers, the newest last";
    await expect(plan).rejects.toThrow(wanted);
    await expect(plan).rejects.toThrow(`the history is ${shown}`);
    await expect(plan).rejects.toSatisfy((error) => isDiffusionForcingError(error, "shape-mismatch"));
  });

  it.each([
    ["an object", { x: 1, y: 1 }, "the goal is an object with x, y; expected [x, y]"],
    ["three numbers", [1, 1, 1], "the goal is [1, 1, 1]; expected [x, y]"],
    ["not a number", [Number.NaN, 1], "the goal is [NaN, 1]"],
    ["a wall", [1, 3], "the goal, (1, 3), lies in a wall of, or outside, maze"],
    ["far away", [100, 3], "the goal, (100, 3), lies in a wall of, or outside, maze"],
  ])("refuses %s as goal", async (_what, goal, message) => {
    const plan = planner().plan([{ ...here, goal: goal as never }], [createRandom(0)]);
    await expect(plan).rejects.toThrow(message);
    await expect(plan).rejects.toSatisfy((error) => isDiffusionForcingError(error, "invalid-argument"));
  });

  it("refuses a present outside the maze, such as a velocity in the place of a position", async () => {
    const plan = planner().plan(
      [
        {
          ...here,
          history: [
            [1, 1],
            [0.1, -0.2],
          ],
        },
      ],
      [createRandom(0)],
    );
    await expect(plan).rejects.toThrow('the present, (0.1, -0.2), lies outside maze "medium"');
  });
});
