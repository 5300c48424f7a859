import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { cosineSchedule, diffusionForcing, type RandomStream, tensor, transformer } from "@diffusion-forcing/core";

const backend = await onnxBackend();
const forcing = diffusionForcing({
  model: transformer({ features: 1, width: 32, layers: 2, heads: 4 }),
  schedule: cosineSchedule(1000),
});

// The data: 32 sine waves of random phase, 24 tokens each.
function waves(random: RandomStream) {
  const data = new Float32Array(32 * 24);
  for (let b = 0; b < 32; b++) {
    const phase = 2 * Math.PI * random.uniform();
    for (let t = 0; t < 24; t++) data[b * 24 + t] = Math.sin(phase + t / 3);
  }
  return tensor(data, [32, 24, 1]);
}

// Every token of every wave gets its own noise level; one step is one run of one ONNX graph.
const { parameters } = await forcing.train({
  backend,
  batches: (_step, random) => ({ tokens: waves(random) }),
  steps: 1000,
  seed: 0,
  optimizer: { learningRate: 2e-3 },
  learningRate: { kind: "cosine", warmupSteps: 50 },
  log: ({ step, loss }) => {
    if (step % 200 === 0) console.log(`step ${step}: loss ${loss.toFixed(3)}`);
  },
});

// Go on from 8 known tokens, token by token, far past the training length.
const sampler = forcing.sampler({ backend, parameters, timesteps: 20 });
const context = tensor(
  Float32Array.from({ length: 8 }, (_, t) => Math.sin(t / 3)),
  [1, 8, 1],
);
for await (const { tokens } of sampler.rollout({ context, length: 100, window: 24, seed: 0 })) {
  console.log(tokens.data[0]?.toFixed(2));
}
