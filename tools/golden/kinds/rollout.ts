import type { Backend, HostTensor, SchedulingMatrix } from "@diffusion-forcing/core";
import { ddim } from "@diffusion-forcing/core";
import type { PlainCodec } from "@diffusion-forcing/core/bundle";
import { officialAncestral, officialMatrix } from "@diffusion-forcing/core/official";
import { recordedNoise, Sampler } from "@diffusion-forcing/core/sampling";
import { type GoldenCase, tensorOf } from "../case.js";
import type { TensorResult } from "../compare.js";
import { officialCodec, stackedConditions } from "../frames.js";
import { batchMajor, float32, swapAxes } from "../layout.js";
import type { OfficialDiffusion } from "../official.js";
import { officialDiffusion, officialParameters } from "../official-model.js";

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
  const subject = officialDiffusion({
    diffusion,
    features: codec.tokenShape([config.data_mean.length])[0] as number,
    conditionFeatures: config.external_cond_dim,
    causal,
    decay: diffusion.cum_snr_decay ** (stack * config.frame_skip),
  });
  const isDdpm = diffusion.sampling_timesteps === diffusion.timesteps;
  const sampler = new Sampler(subject, {
    backend,
    parameters: officialParameters(golden, subject.model.config),
    timesteps: diffusion.sampling_timesteps,
    stabilizationLevel: isDdpm ? 0 : diffusion.stabilization_level,
    solver: isDdpm ? officialAncestral(diffusion.stabilization_level) : ddim({ eta: diffusion.ddim_sampling_eta }),
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
  const [batch, total, width] = truth.shape as [number, number, number];
  const known = config.context_frames / config.frame_stack;
  const steps: TensorResult[] = [];
  // Official draws are numbered through; each chunk begins with its own, then come one or two a step.
  let drawn = 0;
  const draw = () => batchMajor(tensorOf(golden, `draw.${String(drawn++).padStart(4, "0")}`)).data;
  let tokens = cut(truth, 0, known);
  for (let done = known; done < total; ) {
    const size = Math.min(config.chunk_size > 0 ? config.chunk_size : total - known, total - done);
    const first = Math.max(0, done + size - config.n_tokens);
    const limit = config.diffusion.clip_noise;
    const noise = Float32Array.from(draw(), (value) => Math.min(Math.max(value, -limit), limit));
    const firstDraw = drawn;
    const matrix = officialMatrix(config.scheduling_matrix, config.uncertainty_scale, sampler.timesteps, size);
    const window = cut(tokens, first, done);
    const progress = sampler.denoiseStream({
      tokens: join(window, float32({ shape: [batch, size, width], data: [...noise] })),
      rows: afterKnown(matrix, done - first),
      seed: recordedNoise(([step, , j]) => {
        drawn = firstDraw + drawsPerStep * ((step as number) - 1) + (j as number);
        return draw();
      }),
      ...(condition === undefined ? {} : { condition: cut(condition, first, done + size) }),
    });
    let last = window;
    for await (const { read } of progress) {
      last = await read();
      steps.push({ name: `mid.step.${String(steps.length).padStart(3, "0")}.out`, ...swapAxes(last) });
    }
    drawn = firstDraw + drawsPerStep * (matrix.rows.length - 1);
    tokens = join(tokens, cut(last, done - first, done - first + size));
    done += size;
  }
  return { tokens, steps };
}

/** Rows of tokens that stand after `known` clean ones. */
function afterKnown({ rows }: SchedulingMatrix, known: number): number[][] {
  return rows.map((row) => [...new Array<number>(known).fill(0), ...row]);
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
