// Walks through a maze that a small model dreams, as you tell it to: npx tsx --conditions=source examples/dream.ts
import { writeFileSync } from "node:fs";
import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { type HostTensor, loadBundle, tensor } from "@diffusion-forcing/core";
import { folderStore } from "@diffusion-forcing/core/node";
import { encodeGif, videoAnimation } from "@diffusion-forcing/tasks/pictures";
import { openDream } from "@diffusion-forcing/tasks/video";

const backend = await onnxBackend();
const bundle = await loadBundle(folderStore("packages/tasks/models/maze-world"));
const dream = await openDream(bundle, { backend, seed: 2 });

// Each frame is there as soon as it is imagined; what to do next may depend on it.
const seen: HostTensor[] = [dream.frame];
for (const action of "forward forward left left left left forward forward right right".split(" ")) {
  for (let time = 0; time < 3; time++) seen.push(await dream.next(action));
}

const pixels = Float32Array.from(seen.flatMap(({ data }) => [...data]));
const video = tensor(pixels, [1, seen.length, ...dream.frame.shape]);
writeFileSync("dream.gif", encodeGif(videoAnimation(video, { context: 1, framesPerSecond: 8, scale: 4 })));
console.log(`wrote dream.gif, ${seen.length} frames`);
await dream.dispose();
await backend.dispose();
