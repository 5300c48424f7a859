import { createRandom, initializeParameters, isDiffusionForcingError, referenceBackend } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { openDream } from "./dream.js";
import { videoTask } from "./task.js";
import { tinyRecipe } from "./testing/tiny-recipe.js";

async function bundleOf(world: Parameters<typeof tinyRecipe>[0]) {
  const { diffusion, record } = await videoTask.prepare(videoTask.parseRecipe(tinyRecipe(world)));
  const { model } = diffusion;
  const drawn = initializeParameters(model, createRandom(0));
  // An untrained model predicts zeros, whatever it is told: let actions count.
  const parameters = Object.fromEntries(
    Object.entries(drawn).map(([name, value]) => {
      const random = createRandom(1).split(name);
      return [name, { ...value, data: Float32Array.from(value.data, () => 0.2 * random.normal()) }];
    }),
  );
  return { diffusion, parameters, task: record };
}

const maze = { kind: "maze", size: 8, plan: ["####", "#..#", "####"] } as const;

describe("openDream", () => {
  it("goes on from the simulator's frames by what is done, the same for the same seed and actions", async () => {
    const bundle = await bundleOf(maze);
    const dreamt = async (...actions: string[]) => {
      const dream = await openDream(bundle, { backend: referenceBackend(), seed: 3, steps: 2 });
      expect(dream.actions).toEqual(["forward", "left", "right"]);
      const frames = [dream.frame];
      for (const action of actions) frames.push(await dream.next(action));
      expect(dream.frame).toBe(frames.at(-1));
      await dream.dispose();
      return frames;
    };
    const walked = await dreamt("forward", "left", "right");
    expect(walked.map(({ shape }) => shape)).toEqual([1, 2, 3, 4].map(() => [3, 8, 8]));
    expect(await dreamt("forward", "left", "right")).toEqual(walked);
    const turned = await dreamt("forward", "right");
    expect(turned.slice(0, 2)).toEqual(walked.slice(0, 2));
    expect(turned[2]).not.toEqual(walked[2]);
  });

  it("begins out of nothing where the simulator needs data, and knows no actions there", async () => {
    const bundle = await bundleOf({ kind: "digits", size: 8, digitSize: 4, digits: 1 });
    const dream = await openDream(bundle, { backend: referenceBackend(), steps: 2 });
    expect(dream.frame.shape).toEqual([1, 8, 8]);
    expect((await dream.next()).shape).toEqual([1, 8, 8]);
    await expect(dream.next("left")).rejects.toThrow("expected none: this world is only watched");
    await dream.dispose();
  });

  it("refuses an action that there is not, and goes on", async () => {
    const dream = await openDream(await bundleOf(maze), { backend: referenceBackend(), steps: 1 });
    await expect(dream.next("fly")).rejects.toSatisfy((error) => isDiffusionForcingError(error, "invalid-argument"));
    expect((await dream.next("left")).shape).toEqual([3, 8, 8]);
    await dream.dispose();
  });
});
