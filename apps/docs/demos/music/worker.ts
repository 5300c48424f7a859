import { type Backend, type Bundle, type Codec, DiffusionForcingError } from "@diffusion-forcing/core";
import { codecOn } from "@diffusion-forcing/core/bundle";
import { Sampler } from "@diffusion-forcing/core/sampling";
import { type Chorale, choralesOf, infill, musicRecordOf } from "@diffusion-forcing/tasks/music";
import { fetchBundle } from "../shared/load-bundle";
import { openBackend } from "../shared/open-backend";
import { type JobContext, serveJobs } from "../shared/worker-side";
import type { MusicJobs } from "./protocol";

type Context = JobContext<MusicJobs["compose"]["event"]>;

let backend: Backend | undefined;
let models = "";
let loaded: Bundle | undefined;

async function ready({ tell, signal }: Context): Promise<{ readonly backend: Backend; readonly bundle: Bundle }> {
  if (backend === undefined) throw new DiffusionForcingError("disposed", "No device is open.");
  loaded ??= await fetchBundle(`${models}music`, {
    what: "the chorales' model",
    signal,
    tell: (download) => tell({ kind: "download", ...download }),
  });
  return { backend, bundle: loaded };
}

/** Samples as many tokens as the model was trained on. */
async function compose({ seed, steps }: MusicJobs["compose"]["request"], context: Context): Promise<Chorale> {
  const { backend: device, bundle } = await ready(context);
  const { diffusion, parameters, codec } = bundle;
  const { tokens } = musicRecordOf(bundle);
  const sampler = new Sampler(diffusion, { backend: device, parameters, timesteps: steps });
  try {
    const sampled = await sampler.sample({ length: tokens, seed, signal: context.signal });
    const [chorale] = choralesOf(await codecOn(device, codec as Codec).decode(sampled));
    return chorale as Chorale;
  } finally {
    await sampler.dispose();
  }
}

async function rewrite({ chorale, bars, seed, steps }: MusicJobs["rewrite"]["request"], context: Context) {
  const { backend: device, bundle } = await ready(context);
  const { signal } = context;
  const [version] = await infill(bundle, { backend: device, chorale, bars, seed, steps, signal });
  return version as Chorale;
}

serveJobs<MusicJobs>({
  open: async ({ device, models: folder }, { tell, signal }) => {
    models = folder;
    await backend?.dispose();
    const { backend: found, opened } = await openBackend(device, tell, signal);
    backend = found;
    return opened;
  },
  compose,
  rewrite,
});
