// #region data
import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import {
  cosineSchedule,
  diffusionForcing,
  loadBundle,
  type RandomStream,
  saveBundle,
  tensor,
  transformer,
} from "@diffusion-forcing/core";
import { filesStore, fitNormalization } from "@diffusion-forcing/core/bundle";

// Rows of numbers, wherever they come from: here two columns, one a noisy copy of the other, three rows later.
const rows = Array.from({ length: 500 }, (_, t) => [20 + 5 * Math.sin(t / 6), 1000 + 200 * Math.sin((t - 3) / 6)]);
const features = 2;
const length = 24;

const codec = fitNormalization(rows.flat(), features); // tokens are (x - mean) / std, column by column

/** Windows of the data, at random places: [batch, length, features], encoded. */
function windows(batch: number, random: RandomStream) {
  const data = new Float32Array(batch * length * features);
  for (let b = 0; b < batch; b++) {
    const first = random.integer(0, rows.length - length);
    data.set(rows.slice(first, first + length).flat(), b * length * features);
  }
  return codec.encode(tensor(data, [batch, length, features]));
}
// #endregion data

// #region train
const backend = await onnxBackend();
const forcing = diffusionForcing({
  model: transformer({ features, width: 32, layers: 2, heads: 4 }),
  schedule: cosineSchedule(100),
});
const { parameters, losses } = await forcing.train({
  backend,
  batches: (_step, random) => ({ tokens: windows(32, random) }),
  steps: 200,
  seed: 0,
  optimizer: { learningRate: 3e-3 },
  learningRate: { kind: "cosine", warmupSteps: 20 },
});
console.log("loss", losses.at(-1)?.toFixed(3));
// #endregion train

// #region keep
const files: Record<string, Uint8Array> = {};
await saveBundle(
  { diffusion: forcing, parameters, codec, card: { name: "my-series", description: "Two columns, three rows apart." } },
  filesStore(files), // in Node: folderStore("my-model") of @diffusion-forcing/core/node
);

const bundle = await loadBundle(filesStore(files));
const again = diffusionForcing({ model: bundle.diffusion.model, process: bundle.diffusion.process });
const sampler = again.sampler({ backend, parameters: bundle.parameters, timesteps: 20 });
const known = codec.encode(tensor(Float32Array.from(rows.slice(0, 12).flat()), [1, 12, features]));
const sampled = await sampler.sample({ context: known, batch: 1, length: 12, seed: 1 });
const future = await bundle.codec?.decode(sampled);
console.log("columns", future?.data[2 * 23]?.toFixed(1), future?.data[2 * 23 + 1]?.toFixed(0));
// #endregion keep

await sampler.dispose();
await backend.dispose();
