import { toOnnx } from "@diffusion-forcing/backend-onnx";
import {
  type Backend,
  cosineSchedule,
  type DiffusionForcing,
  DiffusionForcingError,
  ddim,
  diffusionForcing,
  isDiffusionForcingError,
  samplingParameters,
  type TrainingState,
  transformer,
} from "@diffusion-forcing/core";
import { encodeBundle } from "@diffusion-forcing/core/bundle";
import { dataRangeOf, weightsOf } from "@diffusion-forcing/core/models";
import { parameterName, walkGraph } from "@diffusion-forcing/core/sampling";
import { openBackend } from "../shared/open-backend";
import { type JobContext, serveJobs } from "../shared/worker-side";
import { drawCurves } from "./curves";
import { findRun, keepRun, readState } from "./kept-run";
import { curveTokens, type RunSettings, type TrainJobs } from "./protocol";

const batch = 32;
/** Steps between two looks at what the model has learned. */
const lookEvery = 150;

let backend: Backend | undefined;
/** The last run's model and state, to be exported. */
let trained:
  | { readonly forcing: DiffusionForcing; readonly state: TrainingState; readonly settings: RunSettings }
  | undefined;

const forcingOf = ({ width }: RunSettings): DiffusionForcing =>
  diffusionForcing({
    model: transformer({ features: 1, width, layers: 2, heads: 4 }),
    schedule: cosineSchedule(100),
    objective: "v",
  });

async function look(forcing: DiffusionForcing, state: TrainingState, signal: AbortSignal): Promise<Float32Array> {
  const sampler = forcing.sampler({
    backend: backend as Backend,
    parameters: samplingParameters(state),
    timesteps: 10,
  });
  try {
    const { data } = await sampler.sample({ batch: 16, length: curveTokens, seed: 1, signal });
    return Float32Array.from(data);
  } finally {
    await sampler.dispose();
  }
}

async function train(
  { settings: wanted, resume }: TrainJobs["train"]["request"],
  { tell, signal }: JobContext<TrainJobs["train"]["event"]>,
): Promise<TrainJobs["train"]["response"]> {
  if (backend === undefined) throw new DiffusionForcingError("disposed", "No device is open.");
  const kept = resume ? await findRun() : undefined;
  const state = kept === undefined ? undefined : await readState();
  const settings = kept?.settings ?? wanted;
  const forcing = forcingOf(settings);
  let [canKeep, step, told] = [true, state?.step ?? 0, performance.now()];
  let losses: number[] = [];
  const keep = async (now: TrainingState): Promise<void> => {
    trained = { forcing, state: now, settings };
    if (!canKeep) return;
    try {
      await keepRun(settings, now);
      tell({ kind: "saved", step: now.step });
    } catch (error) {
      // Storage is blocked or full: the run goes on all the same.
      canKeep = false;
      tell({ kind: "not-saved", reason: (error as Error).message });
    }
  };
  const tellLosses = (): void => {
    if (losses.length > 0) tell({ kind: "loss", step, losses });
    losses = [];
    told = performance.now();
  };
  const steps = forcing.trainStream({
    backend,
    batches: (_step, random) => ({ tokens: drawCurves(settings, batch, random) }),
    steps: settings.steps,
    seed: settings.seed,
    optimizer: { learningRate: settings.learningRate },
    learningRate: { kind: "cosine", warmupSteps: 50 },
    emaDecay: 0.99,
    checkpoint: { every: lookEvery, save: keep },
    signal,
    ...(state === undefined ? {} : { resume: state }),
  });
  try {
    for await (const { step: now, loss, isLast, snapshot } of steps) {
      step = now;
      losses.push(loss);
      if (performance.now() - told > 100 || isLast) tellLosses();
      if (now % lookEvery === 0 || isLast) {
        tell({ kind: "samples", step, values: await look(forcing, await snapshot(), signal) });
      }
    }
  } catch (error) {
    tellLosses();
    // To pause is to stop: the state has been kept by then.
    if (!isDiffusionForcingError(error, "aborted")) throw error;
  }
  return { step };
}

async function exported({ format }: TrainJobs["export"]["request"]): Promise<TrainJobs["export"]["response"]> {
  if (trained === undefined) throw new DiffusionForcingError("disposed", "Nothing has been trained yet.");
  const { forcing, state, settings } = trained;
  const parameters = samplingParameters(state);
  if (format === "bundle") {
    const card = {
      name: "my-curves",
      description: `Curves (${settings.source}), trained in a browser for ${state.step} steps.`,
    };
    return encodeBundle({ diffusion: forcing, parameters, trainedOn: { tokens: [curveTokens, curveTokens] }, card });
  }
  const range = dataRangeOf(forcing.model, parameters);
  const graph = walkGraph(
    forcing,
    { solver: ddim(), stabilizationLevel: 1, ...(range ? { range } : {}) },
    { batch: 1, length: curveTokens, steps: 1, details: true },
  );
  const weights = Object.entries(weightsOf(forcing.model, parameters));
  const constants = Object.fromEntries(weights.map(([name, value]) => [parameterName(name), value]));
  return { "sampling-step.onnx": toOnnx(graph, { constants, name: "sampling_step" }) as Uint8Array<ArrayBuffer> };
}

serveJobs<TrainJobs>({
  open: async ({ device }, { tell, signal }) => {
    await backend?.dispose();
    const { backend: found, opened } = await openBackend(device, tell, signal);
    backend = found;
    return opened;
  },
  train,
  export: exported,
});
