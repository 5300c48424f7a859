import { type Backend, type Diffusion, type HostTensor, pyramid, tensor, zeros } from "@diffusion-forcing/core";
import { type TensorType, trace, type Value } from "@diffusion-forcing/core/graph";
import { memoryOf } from "@diffusion-forcing/core/models";
import { officialGuidanceFactor, officialRecurrentRollout, officialTokenStep } from "@diffusion-forcing/core/official";
import { timestepLevels } from "@diffusion-forcing/core/process";
import { type GoldenCase, type GoldenTensor, tensorOf } from "../case.js";
import type { TensorResult } from "../compare.js";
import { evaluate, readAll } from "../evaluate.js";
import { type OfficialFrames, officialCodec, stackedConditions } from "../frames.js";
import { float32, type Numbers, swapAxes } from "../layout.js";
import { officialNoiseProcess } from "../official.js";
import { officialParameters } from "../official-model.js";
import { type OfficialRecurrentDiffusion, officialRecurrentDiffusion } from "../recurrent.js";

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
  const base = officialRecurrentDiffusion({
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
    const subject = { ...base, process: officialNoiseProcess(diffusion, objective, diffusion.clip_noise) };
    results.push(...(await predictions(golden, backend, subject, parameters, inputs, objective)));
    for (const eta of etas) {
      const walk = await walker(golden, backend, { subject, parameters, inputs, eta, diffusion });
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
  subject: Diffusion,
  parameters: Record<string, HostTensor>,
  inputs: Inputs,
  objective: string,
): Promise<TensorResult[]> {
  const x = oneToken(tensorOf(golden, "in.x"));
  const levels = Int32Array.from(tensorOf(golden, "in.t").data, (level) => level + 1);
  const noiseLevels = tensor(levels, [levels.length, 1]);
  const { model, process } = subject;
  const outputs = await evaluate<string>(backend, { ...parameters, ...inputs, x, noiseLevels }, (values) => {
    const [tokens, at] = [values.x as Value, values.noiseLevels as Value];
    const { output, memory: after } = memoryOf(model).advance(
      values,
      { state: values.state as Value },
      {
        tokens,
        noiseLevels: at,
        levelCount: process.levels,
        ...("condition" in values ? { condition: values.condition as Value } : {}),
      },
    );
    const { clean: x0, noise: eps } = process.estimate(output, tokens, at);
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
  readonly subject: Diffusion;
  readonly parameters: Record<string, HostTensor>;
  readonly inputs: Inputs;
  readonly eta: number;
  readonly diffusion: OfficialRecurrentDiffusion;
}

/** Steps of one token from the case's state, by official index: 0 is the noisiest. */
async function walker(golden: GoldenCase, backend: Backend, options: WalkOptions) {
  const { subject, parameters, inputs, eta, diffusion } = options;
  const batch = inputs.state.shape[0] as number;
  const levels = timestepLevels(diffusion.timesteps, diffusion.sampling_timesteps);
  const token = { dtype: "float32", shape: [batch, 1, ...subject.model.tokenShape] } as const;
  const level = { dtype: "int32", shape: [batch, 1] } as const;
  const types: Record<string, TensorType> = {
    ...(parameters as Record<string, TensorType>),
    ...(inputs as Record<string, TensorType>),
    x: token,
    from: level,
    to: level,
    ...(eta > 0 ? { noise: token } : {}),
  };
  const graph = trace(types, (values) => {
    const given = (name: string): Value => values[name] as Value;
    const step = officialTokenStep(subject, values, eta, {
      state: given("state"),
      x: given("x"),
      from: given("from"),
      to: given("to"),
      ...(eta > 0 ? { noise: given("noise") } : {}),
      ...("condition" in values ? { condition: given("condition") } : {}),
    });
    return { moved: step.x, after: step.state, x0: step.clean };
  });
  const executable = await backend.compile(graph, { constants: parameters });
  const step = async (prefix: string, x: HostTensor, index: number, draw: number) => {
    const at = (i: number): HostTensor =>
      tensor(new Int32Array(batch).fill(levels[diffusion.sampling_timesteps - i] as number), [batch, 1]);
    const [from, to] = [at(index), at(index + 1)];
    const recorded = golden.tensors.get(`${prefix}.draw.${String(draw).padStart(4, "0")}`);
    const noise = recorded === undefined ? zeros("float32", x.shape) : clampedToken(recorded, diffusion.clip_noise);
    const outputs = await executable.run({ ...inputs, x, from, to, ...(eta > 0 ? { noise } : {}) });
    const { factor } = await evaluate(backend, { from, to }, (values) => ({
      factor: officialGuidanceFactor(subject.process, values.from, values.to, eta, 2),
    }));
    const { moved, after, x0 } = (await readAll(outputs)) as Record<"moved" | "after" | "x0", HostTensor>;
    return { x: moved, state: after, x0, factor: factor?.data[0] as number };
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

/** H: the paper branch's validation rollout, by its own passes. */
export async function runRecurrentRollout(golden: GoldenCase, backend: Backend): Promise<TensorResult[]> {
  const config = golden.json.config as RolloutConfig;
  const { diffusion, frame_stack, chunk_size } = config;
  const subject = officialRecurrentDiffusion({
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
  let drawn = 0;
  const parts = await officialRecurrentRollout(subject, {
    backend,
    parameters: officialParameters(golden, subject.model.config),
    eta: diffusion.ddim_sampling_eta,
    levels: timestepLevels(diffusion.timesteps, diffusion.sampling_timesteps),
    context: Array.from({ length: context }, (_, t) => cut(truth, t, t + 1)),
    length: total - context,
    chunk: chunk_size > 0 ? chunk_size : Math.max(total - context, 1),
    matrix: pyramid({ uncertainty: config.uncertainty_scale }),
    batch,
    noise: () => oneToken(tensorOf(golden, `draw.${String(drawn++).padStart(4, "0")}`)),
    ...(conditions === undefined ? {} : { condition: (token: number) => cut(conditions, token, token + 1) }),
  });
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
