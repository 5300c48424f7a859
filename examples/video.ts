// A transformer learns a tiny video world and dreams on from two frames: npx tsx --conditions=source examples/video.ts
import { writeFileSync } from "node:fs";
import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { cosineSchedule, createRandom, diffusionForcing, dit3d, tensor } from "@diffusion-forcing/core";
import { encodeGif, encodePng, videoAnimation, videoStrip } from "@diffusion-forcing/tasks/pictures";
import { movingDots, scoreDots } from "@diffusion-forcing/tasks/video";

const [length, size, steps] = [5, 6, 3000];
const backend = await onnxBackend();
const forcing = diffusionForcing({
  model: dit3d({ tokenShape: [1, size, size], width: 64, layers: 3, heads: 4, patchSize: 2 }),
  schedule: cosineSchedule(100),
});

// A dot of 2 by 2 pixels moves by one pixel a frame in both directions and bounces off the walls.
const { parameters } = await forcing.train({
  backend,
  batches: (_step, random) => ({ tokens: movingDots({ batch: 16, length, size }, random) }),
  steps,
  optimizer: { learningRate: 3e-3 },
  learningRate: { kind: "cosine", warmupSteps: 30 },
  log: ({ step, loss }) => {
    if (step % 200 === 0) console.log(`step ${step}: loss ${loss.toFixed(3)}`);
  },
});

// The first two frames of 8 videos are given; the others are sampled one by one, long past the training length.
const videos = 8;
const context = movingDots({ batch: videos, length: 2, size }, createRandom(7));
const sampler = forcing.sampler({ backend, parameters, timesteps: 20 });
const dreamt: Float32Array[] = []; // one frame of all videos each, [videos, 1, 1, size, size]
for await (const { tokens } of sampler.rollout({ context, length: 30, window: length, seed: 0 })) {
  dreamt.push(tokens.data as Float32Array);
  if (dreamt.length % 7 === 0) console.log(`${dreamt.length} of 28 frames sampled`);
}

/** Frames one after another: `[B, T, 1, size, size]` from the B videos' frames of each step. */
function inOrder(first: Float32Array, given: number, rest: readonly Float32Array[]) {
  const pixels = size * size;
  const parts = Array.from({ length: videos }, (_, video) => [
    ...first.subarray(video * given * pixels, (video + 1) * given * pixels),
    ...rest.flatMap((frame) => [...frame.subarray(video * pixels, (video + 1) * pixels)]),
  ]);
  return tensor(parts.flat(), [videos, given + rest.length, 1, size, size]);
}

const { oneDot, moved } = scoreDots(inOrder(new Float32Array(0), 0, dreamt));
console.log(
  `${(100 * oneDot).toFixed(0)} % of the frames show one dot; ${(100 * moved).toFixed(0)} % of its moves are right`,
);

// A strip of all frames, a video a row, and the same as an animation: blue frames were given, amber ones are sampled.
const all = inOrder(context.data as Float32Array, 2, dreamt);
writeFileSync("video.png", encodePng(videoStrip(all, { context: 2, scale: 6 })));
writeFileSync("video.gif", encodeGif(videoAnimation(all, { context: 2, framesPerSecond: 5 })));
console.log("wrote video.png and video.gif");
await backend.dispose();
