// #region model
import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import * as df from "@diffusion-forcing/core";

const backend = await onnxBackend();
const forcing = df.diffusionForcing({
  model: df.transformer({ features: 1, width: 32, layers: 2, heads: 4, causal: true, positions: "rotary" }),
  schedule: df.cosineSchedule(100),
});
const wave = (batch: number, random: df.RandomStream) => {
  const data = new Float32Array(batch * 16);
  for (let b = 0; b < batch; b++) {
    const phase = 2 * Math.PI * random.uniform();
    for (let t = 0; t < 16; t++) data[16 * b + t] = Math.sin(phase + t / 2);
  }
  return df.tensor(data, [batch, 16, 1]);
};
const { parameters } = await forcing.train({
  backend,
  batches: (_step, random) => ({ tokens: wave(32, random) }),
  steps: 150,
  seed: 0,
  optimizer: { learningRate: 3e-3 },
});
// #endregion model

// #region matrices
const sampler = forcing.sampler({ backend, parameters, timesteps: 10 });
const context = df.tensor(wave(1, df.createRandom(1)).data.slice(0, 6), [1, 6, 1]);

const together = await sampler.sample({ context, length: 10, seed: 1 }); // full sequence: all at once
const wedge = await sampler.sample({ context, length: 10, matrix: df.pyramid({ uncertainty: 2 }), seed: 1 });
const oneByOne = await sampler.sample({ context, length: 10, matrix: df.autoregressive(), seed: 1 });
console.log(together.shape, wedge.shape, oneByOne.shape); // [1, 16, 1] each

// A matrix of your own: even tokens first, odd ones when their neighbours are known.
const evenFirst = (steps: number, tokens: number) => ({
  steps,
  tokens,
  rows: Array.from({ length: 2 * steps + 1 }, (_, row) =>
    Int32Array.from({ length: tokens }, (_, t) => Math.min(Math.max((t % 2 ? 2 : 1) * steps - row, 0), steps)),
  ),
});
console.log((await sampler.sample({ length: 16, matrix: evenFirst, seed: 1 })).shape);
// #endregion matrices

// #region tokens
// Known, doubtful and missing tokens, by the columns of the rows.
const observed = new Float32Array(16);
df.createRandom(2).fillNormal(observed); // what is missing begins as noise
observed.set(context.data);
const rows = df.schedulingMatrix(df.fullSequence(), 10, 10).rows.map((row) => [0, 0, 0, 5, 0, 0, ...row]);
// Column 3 stays at level 5 of 10: that token is there, and not to be trusted.
const filled = await sampler.denoise({ tokens: df.tensor(observed, [1, 16, 1]), rows, seed: 1 });
console.log(filled.shape);
// #endregion tokens

// #region memory
// A causal transformer with rotary positions reads every token once and keeps keys and values of the last 16.
let generated = 0;
for await (const { tokens, snapshot } of sampler.rollout({ context, length: 40, window: 16, chunk: 4, seed: 1 })) {
  generated += tokens.shape[1] as number;
  if (generated === 20) {
    const state = await snapshot(); // plain data: keep it, post it, go on from it
    console.log("so far", state.done);
  }
}
console.log("generated", generated);
// #endregion memory

await sampler.dispose();
await backend.dispose();
