import { type Backend, type HostTensor, Sampler } from "@diffusion-forcing/core";
import type { PlainCodec } from "@diffusion-forcing/core/bundle";
import { recordedNoise } from "@diffusion-forcing/core/sampling";
import { type GoldenCase, tensorOf } from "../case.js";
import type { TensorResult } from "../compare.js";
import { officialCodec, stackedConditions } from "../frames.js";
import { batchMajor, float32, swapAxes } from "../layout.js";
import { type OfficialDiffusion, officialMatrixShape } from "../official.js";
import { officialParameters, officialProcess } from "../official-model.js";

interface Config {
  readonly diffusion: OfficialDiffusion;
  readonly x_shape: readonly [number];
  readonly frame_stack: number;
  readonly frame_skip: number;
  readonly context_frames: number;
  readonly chunk_size: number;
  readonly external_cond_dim: number;
  readonly causal: boolean;
  readonly uncertainty_scale: number;
  readonly scheduling_matrix: string;
  readonly data_mean: readonly number[];
  readonly data_std: readonly number[];
  readonly n_tokens: number;
}

/** G: the official validation rollout: context, then chunk after chunk within a sliding window. */
export async function runRollout(golden: GoldenCase, backend: Backend): Promise<TensorResult[]> {
  const config = golden.json.config as Config;
  const { diffusion, frame_stack: stack, causal } = config;
  const codec = officialCodec(config);
  const process = officialProcess({
    diffusion,
    features: codec.tokenShape([config.data_mean.length])[0] as number,
    conditionFeatures: config.external_cond_dim,
    causal,
    decay: diffusion.cum_snr_decay ** (stack * config.frame_skip),
  });
  const isDdpm = diffusion.sampling_timesteps === diffusion.timesteps;
  const sampler = new Sampler(process, {
    backend,
    parameters: officialParameters(golden, process.model.config),
    steps: diffusion.sampling_timesteps,
    stabilizationLevel: diffusion.stabilization_level,
    ...(isDdpm ? { solver: "ddpm" } : { eta: diffusion.ddim_sampling_eta }),
  });
  const truth = codec.encode(float32(tensorOf(golden, "in.observations")));
  const condition = stackedConditions(golden, config);
  const { tokens, steps } = await generate(golden, sampler, truth, condition, isDdpm ? 2 : 1);
  await sampler.dispose();
  const squares = Array.from(tokens.data, (value, i) => (value - (truth.data[i] as number)) ** 2);
  return [
    { name: "mid.xs_normalized_stacked", ...swapAxes(truth) },
    ...(condition === undefined ? [] : [{ name: "mid.conditions_stacked", ...swapAxes(condition) }]),
    ...steps,
    { name: "out.loss", shape: [], data: [squares.reduce((sum, value) => sum + value, 0) / squares.length] },
    { name: "out.xs_pred", ...frames(codec, tokens) },
    { name: "out.xs", ...frames(codec, truth) },
  ];
}

/** The whole sequence, known and generated, and the window after every step. */
async function generate(
  golden: GoldenCase,
  sampler: Sampler,
  truth: HostTensor,
  condition: HostTensor | undefined,
  drawsPerStep: number,
): Promise<{ tokens: HostTensor; steps: TensorResult[] }> {
  const config = golden.json.config as Config;
  const total = truth.shape[1] as number;
  const known = config.context_frames / config.frame_stack;
  const length = total - known;
  const steps: TensorResult[] = [];
  // Official draws are numbered through; each chunk begins with its own, then come one or two a step.
  const firstDraw = new Map<number, number>([[0, 0]]);
  let stepsBefore = 0;
  const random = recordedNoise(([done, part, step, kind]) => {
    const first = firstDraw.get(done as number) as number;
    const offset = part === "start" ? 0 : 1 + drawsPerStep * ((step as number) - 1);
    const second = kind === "step" && drawsPerStep === 2 ? 1 : 0;
    return batchMajor(tensorOf(golden, `draw.${String(first + offset + second).padStart(4, "0")}`)).data;
  });
  // The official window drops what is too old of a context too; the library wants it dropped.
  const dropped = Math.max(0, known - config.n_tokens);
  const rollout = sampler.rolloutChunks({
    context: cut(truth, dropped, known),
    length,
    window: config.n_tokens,
    chunk: config.chunk_size > 0 ? config.chunk_size : length,
    matrix: officialMatrixShape(config.scheduling_matrix, config.uncertainty_scale),
    random,
    ...(condition === undefined ? {} : { condition: cut(condition, dropped, total) }),
    onStep: async ({ read }) => {
      steps.push({ name: `mid.step.${String(steps.length).padStart(3, "0")}.out`, ...swapAxes(await read()) });
    },
  });
  let tokens = cut(truth, 0, known);
  for await (const { tokens: fresh, state } of rollout) {
    tokens = join(tokens, fresh);
    const before = state.done - (fresh.shape[1] as number);
    const draws = 1 + drawsPerStep * (steps.length - stepsBefore);
    firstDraw.set(state.done, (firstDraw.get(before) as number) + draws);
    stepsBefore = steps.length;
  }
  return { tokens, steps };
}

/** Tokens as raw frames, frames first. */
function frames(codec: PlainCodec, tokens: HostTensor) {
  return swapAxes(codec.decode(tokens));
}

/** Tokens start..end - 1 of [B, T, C]. */
function cut({ shape, data }: HostTensor, start: number, end: number): HostTensor {
  const [batch, length, width] = shape as [number, number, number];
  const rows = Array.from({ length: batch }, (_, b) =>
    Array.from(data.subarray((b * length + start) * width, (b * length + end) * width)),
  );
  return float32({ shape: [batch, end - start, width], data: rows.flat() });
}

function join(a: HostTensor, b: HostTensor): HostTensor {
  const [batch, first, width] = a.shape as [number, number, number];
  const second = b.shape[1] as number;
  const rows = Array.from({ length: batch }, (_, i) => [
    ...a.data.subarray(i * first * width, (i + 1) * first * width),
    ...b.data.subarray(i * second * width, (i + 1) * second * width),
  ]);
  return float32({ shape: [batch, first + second, width], data: rows.flat() });
}
