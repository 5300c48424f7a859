/**
 * Trains the small model of the matrix playground and writes it to models/waves: `npm run -w apps/docs train:waves`.
 */
import { join } from "node:path";
import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { cosineSchedule, createRandom, diffusionForcing, saveBundle, transformer } from "@diffusion-forcing/core";
import { energyDistance } from "@diffusion-forcing/core/metrics";
import { folderStore } from "@diffusion-forcing/core/node";
import { curveLength, waves } from "../demos/matrix/curves.js";

const steps = Number(process.argv[2] ?? 6000);
const backend = await onnxBackend({ device: "cpu", threads: 1 });
const forcing = diffusionForcing({
  model: transformer({ features: 1, width: 64, layers: 3, heads: 4 }),
  schedule: cosineSchedule(100),
  objective: "v",
});
const { parameters } = await forcing.train({
  backend,
  steps,
  seed: 0,
  batches: (_step, random) => ({ tokens: waves(64, random) }),
  optimizer: { learningRate: 2e-3 },
  learningRate: { kind: "cosine", warmupSteps: 100 },
  log: ({ step, loss }) => {
    if (step % 500 === 0) console.log(`step ${step}: loss ${loss.toFixed(4)}`);
  },
});

// How far samples are from fresh data, beside how far other data are.
const flat = ({ data }: { data: ArrayLike<number> }) => ({
  shape: [data.length / curveLength, curveLength],
  data: Float32Array.from(data),
});
const sampler = forcing.sampler({ backend, parameters, timesteps: 20 });
const samples = await sampler.sample({ batch: 256, length: curveLength, seed: 1 });
const [held, other] = [waves(256, createRandom(2)), waves(256, createRandom(3))];
const distance = energyDistance(flat(samples as never), flat(held as never));
const floor = energyDistance(flat(other as never), flat(held as never));
console.log(`energy distance of 256 samples from data ${distance.toFixed(4)}, of other data ${floor.toFixed(4)}`);

const folder = join(import.meta.dirname, "../models/waves");
await saveBundle(
  {
    diffusion: forcing,
    parameters,
    trainedOn: { tokens: [curveLength, curveLength] },
    card: { name: "waves", description: "Waves of 16 numbers, half of them mirrored from the middle on." },
  },
  folderStore(folder),
  { weights: "float16" },
);
await sampler.dispose();
await backend.dispose();
