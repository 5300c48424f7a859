import {
  type Backend,
  type Bundle,
  createRandom,
  DiffusionForcingError,
  type Sampler,
  tensor,
} from "@diffusion-forcing/core";
import { Sampler as SamplerOf } from "@diffusion-forcing/core/sampling";
import { fetchBundle } from "../shared/load-bundle";
import { openBackend } from "../shared/open-backend";
import { type JobContext, serveJobs } from "../shared/worker-side";
import { curveLength } from "./curves";
import type { MatrixJobs, Walk } from "./protocol";

let backend: Backend | undefined;
let models = "";
let bundle: Bundle | undefined;
const samplers = new Map<number, Sampler>();

async function forget(): Promise<void> {
  for (const sampler of samplers.values()) await sampler.dispose();
  samplers.clear();
}

/** The sampler with that many timesteps: its compiled graphs serve the next walk. */
function samplerOf({ diffusion, parameters }: Bundle, timesteps: number): Sampler {
  const known = samplers.get(timesteps);
  if (known !== undefined) return known;
  const sampler = new SamplerOf(diffusion, { backend: backend as Backend, parameters, timesteps });
  samplers.set(timesteps, sampler);
  return sampler;
}

/** Noise, with the known values in front, in every sequence of the batch. */
function startOf({ known, batch, seed }: Walk) {
  const data = new Float32Array(batch * curveLength);
  createRandom(seed).split("start").fillNormal(data);
  for (let b = 0; b < batch; b++) data.set(known, b * curveLength);
  return tensor(data, [batch, curveLength, 1]);
}

async function walk(
  { walks }: MatrixJobs["walk"]["request"],
  { tell, signal }: JobContext<MatrixJobs["walk"]["event"]>,
): Promise<MatrixJobs["walk"]["response"]> {
  if (backend === undefined) throw new DiffusionForcingError("disposed", "No device is open.");
  bundle ??= await fetchBundle(`${models}waves`, {
    what: "the model",
    signal,
    tell: (download) => tell({ kind: "download", ...download }),
  });
  const began = performance.now();
  for (const [index, one] of walks.entries()) {
    const tokens = startOf(one);
    tell({ kind: "step", walk: index, step: 0, values: Float32Array.from(tokens.data) });
    const { rows, timesteps, seed } = one;
    const stream = samplerOf(bundle, timesteps).denoiseStream({ tokens, rows, seed, signal });
    for await (const { step, read } of stream) {
      tell({ kind: "step", walk: index, step, values: Float32Array.from((await read()).data) });
    }
  }
  return { milliseconds: performance.now() - began };
}

serveJobs<MatrixJobs>({
  open: async ({ device, models: folder }, { tell, signal }) => {
    models = folder;
    await forget();
    await backend?.dispose();
    const { backend: found, opened } = await openBackend(device, tell, signal);
    backend = found;
    return opened;
  },
  walk,
});
