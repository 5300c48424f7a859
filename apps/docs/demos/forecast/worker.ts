import { type Backend, type Bundle, createRandom, DiffusionForcingError } from "@diffusion-forcing/core";
import { columnQuantiles, rescaledTo, SeriesForecaster } from "@diffusion-forcing/tasks/series";
import { fetchBundle } from "../shared/load-bundle";
import { openBackend } from "../shared/open-backend";
import { type JobContext, serveJobs } from "../shared/worker-side";
import { markedTable } from "./marks";
import type { ForecastJobs } from "./protocol";

let backend: Backend | undefined;
let models = "";
let trained: Bundle | undefined;
/** The last forecaster and what it was made for: its compiled graph serves the next forecast of the same series. */
let kept: { readonly key: string; readonly forecaster: SeriesForecaster } | undefined;

async function forecasterOf(bundle: Bundle, timesteps: number): Promise<SeriesForecaster> {
  const key = JSON.stringify([timesteps, bundle.codec?.config, bundle.task]);
  if (kept?.key === key) return kept.forecaster;
  await kept?.forecaster.dispose();
  const forecaster = new SeriesForecaster(bundle, { backend: backend as Backend, timesteps });
  kept = { key, forecaster };
  return forecaster;
}

/** Draws futures of one series. Of the model's own series it is what `dforce forecast` draws from the same seed. */
async function forecast(
  { table, column, foreign, marks, deviation, seed, samples, steps }: ForecastJobs["forecast"]["request"],
  { tell, signal }: JobContext<ForecastJobs["forecast"]["event"]>,
): Promise<ForecastJobs["forecast"]["response"]> {
  if (backend === undefined) throw new DiffusionForcingError("disposed", "No device is open.");
  trained ??= await fetchBundle(`${models}series-exchange`, {
    what: "the model of series",
    signal,
    tell: (download) => tell({ kind: "download", ...download }),
  });
  const began = performance.now();
  const forecaster = await forecasterOf(foreign ? rescaledTo(trained, table) : trained, steps);
  const futures = await forecaster.forecast({
    table: markedTable(table, marks, deviation),
    columns: [column],
    samples,
    random: createRandom(seed),
    signal,
  });
  const milliseconds = performance.now() - began;
  return { quantiles: columnQuantiles(futures, 0), times: futures.times, milliseconds };
}

serveJobs<ForecastJobs>({
  open: async ({ device, models: folder }, { tell, signal }) => {
    models = folder;
    await kept?.forecaster.dispose();
    kept = undefined;
    await backend?.dispose();
    const { backend: found, opened } = await openBackend(device, tell, signal);
    backend = found;
    return opened;
  },
  forecast,
});
