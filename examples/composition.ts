// One model, memory as a dial: crosses with the whole past, V shapes without it. npx tsx --conditions=source examples/composition.ts
import { writeFileSync } from "node:fs";
import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { ddim, loadBundle } from "@diffusion-forcing/core";
import { folderStore } from "@diffusion-forcing/core/node";
import { Sampler } from "@diffusion-forcing/core/sampling";
import { compose, compositionPicture, type Panel, shapesOf } from "@diffusion-forcing/tasks/composition";

const backend = await onnxBackend();
const { diffusion, parameters, codec } = await loadBundle(folderStore("packages/tasks/models/composition"));
const sampler = new Sampler(diffusion, { backend, parameters, timesteps: 50, solver: ddim({ eta: 1 }) });
const panels: Panel[] = [];
for (const memory of [16, 4, 1]) {
  const tokens = await compose(sampler, { batch: 200, length: 16, memory, plan: 4, seed: 1 });
  const trajectories = (await codec?.decode(tokens)) ?? tokens; // [200, 16, 2]
  const shapes = shapesOf(trajectories);
  const share = (shape: string) => `${(100 * shapes.filter((one) => one === shape).length) / 200} %`;
  const note = `${share("cross")} crosses, ${share("v")} V shapes`;
  console.log(`remembering ${memory} positions: ${note}`);
  panels.push({ title: `Memory of ${memory}`, note, trajectories });
}
writeFileSync("composition.svg", compositionPicture(panels));
console.log("wrote composition.svg");
await sampler.dispose();
await backend.dispose();
