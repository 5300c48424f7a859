// npm run train: trains the model and writes public/model, which the page reads. `node train.js 100` takes 100 steps.
import { mkdir } from "node:fs/promises";
import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { cosineSchedule, diffusionForcing, saveBundle, transformer } from "@diffusion-forcing/core";
import { folderStore } from "@diffusion-forcing/core/node";
import { features, sequences } from "./data.js";

const steps = Number(process.argv[2] ?? 1000);
const backend = await onnxBackend();
const forcing = diffusionForcing({
  model: transformer({ features, width: 32, layers: 2, heads: 4 }),
  schedule: cosineSchedule(100),
});
const { parameters } = await forcing.train({
  backend,
  batches: (_step, random) => ({ tokens: sequences(32, random) }),
  steps,
  seed: 0,
  optimizer: { learningRate: 3e-3 },
  learningRate: { kind: "cosine", warmupSteps: 50 },
  log: ({ step, loss }) => {
    if (step % 100 === 0) console.log(`step ${step}: loss ${loss.toFixed(3)}`);
  },
});
await mkdir("public/model", { recursive: true });
await saveBundle({ diffusion: forcing, parameters }, folderStore("public/model"));
console.log("wrote public/model");
await backend.dispose();
