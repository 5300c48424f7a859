import { fileURLToPath } from "node:url";
import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { type Codec, loadBundle } from "@diffusion-forcing/core";
import { codecOn } from "@diffusion-forcing/core/bundle";
import { folderStore } from "@diffusion-forcing/core/node";
import { Sampler } from "@diffusion-forcing/core/sampling";
import { expect, it } from "vitest";
import { runEpisodes } from "./episodes.js";
import { isSwapped } from "./fruit-swap.js";
import { views } from "./view.js";

const folder = fileURLToPath(new URL("../../models/imitation-images", import.meta.url));

it("the bundled model of images swaps fruits that it only sees, with its memory and not without", async () => {
  const { diffusion, parameters, codec } = await loadBundle(folderStore(folder));
  const backend = await onnxBackend({ threads: 1 });
  const sampler = new Sampler(diffusion, { backend, parameters, timesteps: 10 });
  const given = { sampler, codec: codecOn(backend, codec as Codec), view: views.images, episodes: 6, seed: 1 };
  const swapped = async (memory: number): Promise<number> => {
    const { states } = await runEpisodes({ ...given, memory });
    return states.filter((path) => path.slice(-1).every(isSwapped)).length;
  };
  expect(await swapped(26)).toBeGreaterThanOrEqual(5);
  expect(await swapped(1)).toBeLessThanOrEqual(2);
  await sampler.dispose();
  await backend.dispose();
});
