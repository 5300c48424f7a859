import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import * as df from "@diffusion-forcing/core";
import { mean, slice, square, sub, sum } from "@diffusion-forcing/core/graph";

const backend = await onnxBackend();
const forcing = df.diffusionForcing({
  model: df.transformer({ features: 1, width: 32, layers: 2, heads: 4 }),
  schedule: df.cosineSchedule(100),
});
const { parameters } = await forcing.train({
  backend,
  batches: (_step, random) => {
    const data = new Float32Array(32 * 12);
    for (let b = 0; b < 32; b++) {
      const phase = 2 * Math.PI * random.uniform();
      for (let t = 0; t < 12; t++) data[12 * b + t] = Math.sin(phase + t / 2);
    }
    return { tokens: df.tensor(data, [32, 12, 1]) };
  },
  steps: 150,
  seed: 0,
  optimizer: { learningRate: 3e-3 },
});

const lastValue = async (sampler: df.Sampler) => {
  const { data } = await sampler.sample({ batch: 32, length: 12, seed: 1 });
  const last = Array.from({ length: 32 }, (_, b) => data[12 * b + 11] as number);
  await sampler.dispose();
  return last.reduce((total, value) => total + value, 0) / 32;
};

// #region reward
// The reward is written with the graph's operations, so that its gradient is known: here, that the last token is high.
const high: df.Guidance = {
  guidanceScale: 2,
  samples: 4, // Monte Carlo: the gradient, averaged over four sampled futures
  reward: (clean) => sum(slice(clean, 1, 11, 12), [1, 2]),
};
const plain = await lastValue(forcing.sampler({ backend, parameters, timesteps: 20 }));
const guided = await lastValue(forcing.sampler({ backend, parameters, timesteps: 20, guidance: high }));
console.log(`mean of the last token ${plain.toFixed(2)}, guided ${guided.toFixed(2)}`);
// #endregion reward

// #region inputs
// What changes from call to call is an input: one compiled graph serves every target.
const target: df.Guidance = {
  guidanceScale: 20,
  inputs: (batch) => ({ target: { dtype: "float32", shape: [batch, 1] } }),
  reward: (clean, { target }) => {
    const last = mean(slice(clean, 1, 11, 12), [2]); // [B, 1]
    return sum(square(sub(last, target as never)), [1]);
  },
};

// #endregion inputs
export { target };

// #region history
// Without a reward: the same model, with and without its history, and the difference made larger.
const faithful = forcing.sampler({
  backend,
  parameters,
  timesteps: 10,
  scores: df.vanillaHistoryGuidance({ scale: 1.5 }),
});
const context = df.tensor([0, 0.48, 0.84], [1, 3, 1]);
for await (const { tokens } of faithful.rollout({ context, length: 6, window: 12, seed: 1 })) {
  console.log(tokens.data[0]?.toFixed(2));
}
// #endregion history

await faithful.dispose();
await backend.dispose();
