// A transformer learns a tiny video world and dreams on from two frames: npx tsx --conditions=source examples/video.ts
import { writeFileSync } from "node:fs";
import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import {
  cosineSchedule,
  createRandom,
  diffusionForcing,
  dit3d,
  type HostTensorRecord,
  samplingParameters,
  tensor,
} from "@diffusion-forcing/core";
import { movingDots, scoreDots } from "@diffusion-forcing/tasks/video";

const [length, size, steps] = [5, 6, 3000];
const backend = await onnxBackend();
const forcing = diffusionForcing({
  model: dit3d({ tokenShape: [1, size, size], width: 64, layers: 3, heads: 4, patchSize: 2 }),
  schedule: cosineSchedule(100),
});

// A dot of 2 by 2 pixels moves by one pixel a frame in both directions and bounces off the walls.
let parameters: HostTensorRecord = {};
const training = forcing.train({
  backend,
  batches: (_step, random) => ({ tokens: movingDots({ batch: 16, length, size }, random) }),
  steps,
  optimizer: { learningRate: 3e-3 },
  learningRate: { kind: "cosine", warmupSteps: 30 },
  averageDecay: 0.98,
});
for await (const { step, loss, snapshot } of training) {
  if (step % 200 === 0) console.log(`step ${step}: loss ${loss.toFixed(3)}`);
  if (step === steps) parameters = samplingParameters(await snapshot());
}

// The first two frames of 8 videos are given; the others are sampled one by one, long past the training length.
const videos = 8;
const context = movingDots({ batch: videos, length: 2, size }, createRandom(7));
const frames = [0, 1].map((frame) => frameOf(context.data, frame, 2));
const sampler = forcing.sampler({ backend, parameters, steps: 20, stabilizationLevel: 5 });
for await (const { data } of sampler.rollout({ context, length: 30, window: length, random: createRandom(0) })) {
  frames.push(frameOf(data as Float32Array, 0, 1));
}

/** One frame of every video, [videos * size * size]. */
function frameOf(data: Float32Array, frame: number, count: number): Float32Array {
  const pixels = size * size;
  const parts = Array.from({ length: videos }, (_, video) => {
    const start = (video * count + frame) * pixels;
    return [...data.subarray(start, start + pixels)];
  });
  return Float32Array.from(parts.flat());
}

const dreamt = frames.slice(2);
const inOrder = Array.from({ length: videos }, (_, video) =>
  dreamt.flatMap((frame) => [...frame.subarray(video * size * size, (video + 1) * size * size)]),
);
const { oneDot, moved } = scoreDots(tensor(inOrder.flat(), [videos, dreamt.length, 1, size, size]));
console.log(
  `${(100 * oneDot).toFixed(0)} % of the frames show one dot; ${(100 * moved).toFixed(0)} % of its moves are right`,
);

// A strip of all frames, a video a row, as a picture that any viewer opens (portable graymap).
const rows: number[][] = [];
for (let video = 0; video < videos; video++) {
  for (let y = 0; y < size; y++) {
    const row = frames.flatMap((frame) => {
      const start = (video * size + y) * size;
      return [...frame.subarray(start, start + size)].map((x) =>
        Math.round(127.5 * (1 + Math.min(1, Math.max(-1, x)))),
      );
    });
    rows.push(row.map((gray) => Math.min(255, gray)));
  }
}
writeFileSync(
  "video.pgm",
  `P2 ${rows[0]?.length} ${rows.length} 255\n${rows.map((row) => row.join(" ")).join("\n")}\n`,
);
await backend.dispose();
