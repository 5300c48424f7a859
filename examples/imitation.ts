// A policy that remembers where two fruits were, and swaps them. npx tsx --conditions=source examples/imitation.ts
import { writeFileSync } from "node:fs";
import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { type Codec, loadBundle } from "@diffusion-forcing/core";
import { folderStore } from "@diffusion-forcing/core/node";
import { Sampler } from "@diffusion-forcing/core/sampling";
import { isSwapped, runEpisodes, type Story, storyboard, views } from "@diffusion-forcing/tasks/imitation";

const backend = await onnxBackend();
const { diffusion, parameters, codec } = await loadBundle(folderStore("packages/tasks/models/imitation"));
const sampler = new Sampler(diffusion, { backend, parameters, timesteps: 10 });
const stories: Story[] = [];
for (const memory of [26, 1]) {
  const { states } = await runEpisodes({
    sampler,
    codec: codec as Codec,
    view: views.places,
    episodes: 50,
    memory,
    seed: 1,
  });
  const swapped = states.filter((path) => path.slice(-1).every(isSwapped)).length;
  console.log(`remembering ${memory} tokens: the fruits are swapped in ${swapped} of 50 episodes`);
  stories.push({ title: `memory of ${memory}`, states: states[0] ?? [] });
}
writeFileSync("imitation.svg", storyboard(stories));
console.log("wrote imitation.svg");
await sampler.dispose();
await backend.dispose();
