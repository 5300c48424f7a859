import {
  type Backend,
  type DiffusionProcess,
  type HostTensor,
  RecurrentSampler,
  tensor,
  zeros,
} from "@diffusion-forcing/core";
import type { Value } from "@diffusion-forcing/core/graph";
import { modelPrediction, samplingLevels } from "@diffusion-forcing/core/process";
import {
  officialGuidanceFactor,
  parameterName,
  recurrentProcess,
  recurrentStepGraph,
  schedulingMatrixFromName,
} from "@diffusion-forcing/core/sampling";
import { type GoldenCase, type GoldenTensor, tensorOf } from "../case.js";
import type { TensorResult } from "../compare.js";
import { evaluate, readAll } from "../evaluate.js";
import { type OfficialFrames, officialCodec, stackedConditions } from "../frames.js";
import { float32, type Numbers, swapAxes } from "../layout.js";
import { officialObjective } from "../official.js";
import { officialParameters } from "../official-model.js";
import { type OfficialRecurrentDiffusion, officialRecurrentProcess } from "../recurrent.js";

const objectives = ["pred_noise", "pred_x0", "pred_v"];

interface StepConfig {
  readonly diffusion: OfficialRecurrentDiffusion;
  readonly x_dim: number;
  readonly z_dim: number;
  readonly external_cond_dim: number;
  readonly etas: readonly number[];
  readonly indices: readonly number[];
}

/** [B, C] as a sequence of one token, [B, 1, C]. */
function oneToken({ shape, data }: Numbers): HostTensor {
  return float32({ shape: [shape[0] as number, 1, ...shape.slice(1)], data });
}

/** The reverse of {@link oneToken}. */
function row({ shape, data }: HostTensor): Numbers {
  return { shape: [shape[0] as number, ...shape.slice(2)], data };
}

/** H: the recurrent model's answers, single DDIM steps, and the whole way of one token. */
export async function runRecurrentSteps(golden: GoldenCase, backend: Backend): Promise<TensorResult[]> {
  const config = golden.json.config as StepConfig;
  const { diffusion, x_dim, z_dim, external_cond_dim, etas, indices } = config;
  const base = officialRecurrentProcess({
    diffusion,
    features: x_dim,
    stateSize: z_dim,
    conditionFeatures: external_cond_dim,
    learnedInitialState: false,
    decay: diffusion.cum_snr_decay,
  });
  const parameters = officialParameters(golden, base.model.config);
  const inputs = {
    state: float32(tensorOf(golden, "in.z")),
    ...(external_cond_dim > 0 ? { condition: oneToken(tensorOf(golden, "in.external_cond")) } : {}),
  };
  const results: TensorResult[] = [];
  for (const objective of objectives.filter((name) => golden.tensors.has(`${name}.predictions.x_start`))) {
    const process = { ...base, objective: officialObjective(objective) };
    results.push(...(await predictions(golden, backend, process, parameters, inputs, objective)));
    for (const eta of etas) {
      const walk = await walker(golden, backend, { process, parameters, inputs, eta, diffusion });
      for (const index of indices) {
        const prefix = `${objective}.eta${eta}.index${index}`;
        const { x, state, x0, factor } = await walk.step(prefix, oneToken(tensorOf(golden, "in.x")), index, 0);
        results.push(
          { name: `${prefix}.x_out`, ...row(x) },
          { name: `${prefix}.z_out`, ...state },
          { name: `${prefix}.x_start`, ...row(x0) },
          { name: `${prefix}.guidance_const`, shape: [], data: [factor] },
        );
      }
      const prefix = `${objective}.eta${eta}.rollout`;
      let x = oneToken(tensorOf(golden, `${prefix}.draw.0000`));
      let state: HostTensor = inputs.state;
      for (let index = 0; index < diffusion.sampling_timesteps; index++) {
        ({ x, state } = await walk.step(prefix, x, index, index + 1));
      }
      results.push({ name: `${prefix}.x_out`, ...row(x) }, { name: `${prefix}.z_out`, ...state });
      walk.dispose();
    }
  }
  return results;
}

type Inputs = { readonly state: HostTensor; readonly condition?: HostTensor };

async function predictions(
  golden: GoldenCase,
  backend: Backend,
  process: DiffusionProcess,
  parameters: Record<string, HostTensor>,
  inputs: Inputs,
  objective: string,
): Promise<TensorResult[]> {
  const x = oneToken(tensorOf(golden, "in.x"));
  const levels = Int32Array.from(tensorOf(golden, "in.t").data, (level) => level + 1);
  const noiseLevels = tensor(levels, [levels.length, 1]);
  const { memory } = recurrentProcess(process).model;
  const { schedule, clipNoise } = process;
  const outputs = await evaluate<string>(backend, { ...parameters, ...inputs, x, noiseLevels }, (values) => {
    const [tokens, at] = [values.x as Value, values.noiseLevels as Value];
    const { output, memory: after } = memory.advance(
      values,
      { state: values.state as Value },
      {
        tokens,
        noiseLevels: at,
        levelCount: schedule.levels,
        ...("condition" in values ? { condition: values.condition as Value } : {}),
      },
    );
    const { x0, eps } = modelPrediction(schedule, process.objective, tokens, at, output, { clipNoise });
    return { output, next: after.state as Value, x0, eps };
  });
  const prefix = `${objective}.predictions`;
  return [
    { name: `${prefix}.model_out`, ...row(outputs.output as HostTensor) },
    { name: `${prefix}.x_start`, ...row(outputs.x0 as HostTensor) },
    { name: `${prefix}.pred_noise`, ...row(outputs.eps as HostTensor) },
    { name: `${prefix}.z_next`, ...(outputs.next as HostTensor) },
  ];
}

interface WalkOptions {
  readonly process: DiffusionProcess;
  readonly parameters: Record<string, HostTensor>;
  readonly inputs: Inputs;
  readonly eta: number;
  readonly diffusion: OfficialRecurrentDiffusion;
}

/** Steps of one token from the case's state, by official index: 0 is the noisiest. */
async function walker(golden: GoldenCase, backend: Backend, options: WalkOptions) {
  const { process, parameters, inputs, eta, diffusion } = options;
  const batch = inputs.state.shape[0] as number;
  const levels = samplingLevels(diffusion.timesteps, diffusion.sampling_timesteps);
  const stepOptions = { eta, stabilizationLevel: 0, compatibility: "official" } as const;
  const constants = Object.fromEntries(Object.entries(parameters).map(([name, value]) => [parameterName(name), value]));
  const executable = await backend.compile(recurrentStepGraph(recurrentProcess(process), stepOptions, batch), {
    constants,
  });
  const step = async (prefix: string, x: HostTensor, index: number, draw: number) => {
    const at = (i: number): HostTensor =>
      tensor(new Int32Array(batch).fill(levels[diffusion.sampling_timesteps - i] as number), [batch, 1]);
    const [from, to] = [at(index), at(index + 1)];
    const recorded = golden.tensors.get(`${prefix}.draw.${String(draw).padStart(4, "0")}`);
    const noise = recorded === undefined ? zeros("float32", x.shape) : clampedToken(recorded, diffusion.clip_noise);
    const outputs = await executable.run({ ...inputs, x, from, to, ...(eta > 0 ? { noise } : {}) });
    const { factor } = await evaluate(backend, { from, to }, (values) => ({
      factor: officialGuidanceFactor(process, values.from, values.to, eta, 2),
    }));
    const read = (await readAll(outputs)) as { x: HostTensor; state: HostTensor; x0: HostTensor };
    return { ...read, factor: factor?.data[0] as number };
  };
  return { step, dispose: () => executable.dispose() };
}

function clampedToken({ shape, data }: GoldenTensor, limit: number): HostTensor {
  return oneToken({ shape, data: data.map((value) => Math.min(Math.max(value, -limit), limit)) });
}

interface RolloutConfig extends OfficialFrames {
  readonly diffusion: OfficialRecurrentDiffusion;
  readonly x_shape: readonly [number];
  readonly z_shape: readonly [number];
  readonly learnable_init_z: boolean;
  readonly context_frames: number;
  readonly chunk_size: number;
  readonly uncertainty_scale: number;
}

/** H: the paper branch's validation rollout, by the sampler's official compatibility. */
export async function runRecurrentRollout(golden: GoldenCase, backend: Backend): Promise<TensorResult[]> {
  const config = golden.json.config as RolloutConfig;
  const { diffusion, frame_stack, chunk_size } = config;
  const process = officialRecurrentProcess({
    diffusion,
    features: config.x_shape[0] * frame_stack,
    stateSize: config.z_shape[0],
    conditionFeatures: config.external_cond_dim,
    learnedInitialState: config.learnable_init_z,
    decay: diffusion.cum_snr_decay ** frame_stack,
  });
  const truth = officialCodec(config).encode(float32(tensorOf(golden, "in.observations")));
  const conditions = stackedConditions(golden, config);
  const [batch, total] = truth.shape as [number, number];
  const context = Math.floor(config.context_frames / frame_stack);
  const sampler = new RecurrentSampler(process, {
    backend,
    parameters: officialParameters(golden, process.model.config),
    steps: diffusion.sampling_timesteps,
    eta: diffusion.ddim_sampling_eta,
    compatibility: "official",
  });
  let drawn = 0;
  const random = (): HostTensor => oneToken(tensorOf(golden, `draw.${String(drawn++).padStart(4, "0")}`));
  let state = await sampler.initialState(batch);
  const parts: HostTensor[] = [];
  if (context > 0) {
    const condition = conditions === undefined ? {} : { condition: cut(conditions, 0, context) };
    const observed = await sampler.observe(state, { tokens: cut(truth, 0, context), random, ...condition });
    parts.push(observed.estimates);
    state = observed.state;
  }
  const rollout = sampler.rollout(state, {
    length: total - context,
    chunk: chunk_size > 0 ? chunk_size : Math.max(total - context, 1),
    matrix: schedulingMatrixFromName("pyramid", { uncertainty: config.uncertainty_scale }),
    random,
    ...(conditions === undefined
      ? {}
      : { condition: (first: number, count: number) => cut(conditions, first, first + count) }),
  });
  for await (const { tokens } of rollout) parts.push(tokens);
  await sampler.dispose();
  const predicted = joinTime(parts);
  const error = Array.from(predicted.data, (value, i) => (value - (truth.data[i] as number)) ** 2);
  return [
    { name: "out.loss", shape: [], data: [error.reduce((sum, value) => sum + value, 0) / error.length] },
    { name: "out.xs_pred", ...swapAxes(officialCodec(config).decode(predicted)) },
    { name: "out.xs", ...swapAxes(officialCodec(config).decode(truth)) },
  ];
}

/** Tokens start..end - 1 of [B, T, C]. */
function cut({ shape, data }: HostTensor, start: number, end: number): HostTensor {
  const [batch, length, width] = shape as [number, number, number];
  const rows = Array.from({ length: batch }, (_, b) => [
    ...data.subarray((b * length + start) * width, (b * length + end) * width),
  ]);
  return float32({ shape: [batch, end - start, width], data: rows.flat() });
}

/** Sequences [B, T, C] one after the other. */
function joinTime(parts: readonly HostTensor[]): HostTensor {
  const tokenFirst = parts.map((part) => swapAxes(part));
  const data = tokenFirst.flatMap((part) => Array.from(part.data));
  const [, batch, width] = (tokenFirst[0] as Numbers).shape as [number, number, number];
  return float32(swapAxes({ shape: [data.length / (batch * width), batch, width], data }));
}
