import { cosineSchedule, diffusionForcing, tensor, transformer } from "@diffusion-forcing/core";
import { workerBackend } from "@diffusion-forcing/core/backend";

const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
const backend = await workerBackend(worker);

const forcing = diffusionForcing({
  model: transformer({ features: 1, width: 16, layers: 1, heads: 2 }),
  schedule: cosineSchedule(100),
});
const { parameters, losses } = await forcing.train({
  backend,
  batches: (_step, random) => {
    const phase = 2 * Math.PI * random.uniform();
    return {
      tokens: tensor(
        Float32Array.from({ length: 12 }, (_, t) => Math.sin(phase + t / 2)),
        [1, 12, 1],
      ),
    };
  },
  steps: 50,
});
const sampler = forcing.sampler({ backend, parameters, timesteps: 10 });
const { data } = await sampler.sample({ length: 12, seed: 1 });
document.body.append(
  `${backend.name}/${backend.device}: loss ${losses.at(-1)?.toFixed(2)}, a sample ${Array.from(data, (x) => x.toFixed(1)).join(" ")}`,
);
