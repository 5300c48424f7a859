import {
  type Backend,
  type DiffusionProcess,
  type HostTensor,
  noiseInputs,
  parameterName,
  type StepOptions,
  samplingLevels,
  samplingStepGraph,
  schedulingMatrix,
  tensor,
} from "@diffusion-forcing/core";
import { type GoldenCase, tensorOf } from "../case.js";
import type { TensorResult } from "../compare.js";
import { readAll } from "../evaluate.js";
import { frames, normalized, stacked, stackedConditions } from "../frames.js";
import { batchMajor, clamped, float32, swapAxes } from "../layout.js";
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

interface Rollout {
  readonly golden: GoldenCase;
  readonly backend: Backend;
  readonly config: Config;
  readonly process: DiffusionProcess;
  readonly options: StepOptions;
  readonly levels: Int32Array;
  readonly parameters: Record<string, HostTensor>;
  /** The conditions of all tokens, float32 [B, T, D]. */
  readonly condition: HostTensor | undefined;
}

/** G: the official validation rollout: context, then chunk after chunk within a sliding window. */
export async function runRollout(golden: GoldenCase, backend: Backend): Promise<TensorResult[]> {
  const config = golden.json.config as Config;
  const { diffusion, frame_stack, causal } = config;
  const process = officialProcess({
    diffusion,
    features: config.x_shape[0] * frame_stack,
    conditionFeatures: config.external_cond_dim,
    causal,
    decay: diffusion.cum_snr_decay ** (frame_stack * config.frame_skip),
  });
  const isDdpm = diffusion.sampling_timesteps === diffusion.timesteps;
  const stabilizationLevel = diffusion.stabilization_level;
  const rollout: Rollout = {
    golden,
    backend,
    config,
    process,
    options: isDdpm ? { solver: "ddpm", stabilizationLevel } : { eta: diffusion.ddim_sampling_eta, stabilizationLevel },
    levels: samplingLevels(diffusion.timesteps, diffusion.sampling_timesteps),
    parameters: Object.fromEntries(
      Object.entries(officialParameters(golden, process.model.config)).map(([name, value]) => [
        parameterName(name),
        value,
      ]),
    ),
    condition: stackedConditions(golden, config),
  };
  const truth = stacked(normalized(tensorOf(golden, "in.observations"), config), frame_stack);
  const { tokens, steps } = await generate(rollout, truth);
  const difference = Array.from(tokens.data, (value, i) => (value - (truth.data[i] as number)) ** 2);
  return [
    { name: "mid.xs_normalized_stacked", ...swapAxes(truth) },
    ...(rollout.condition === undefined ? [] : [{ name: "mid.conditions_stacked", ...swapAxes(rollout.condition) }]),
    ...steps,
    { name: "out.loss", shape: [], data: [difference.reduce((sum, value) => sum + value, 0) / difference.length] },
    { name: "out.xs_pred", ...frames(tokens, config) },
    { name: "out.xs", ...frames(truth, config) },
  ];
}

/** The whole sequence, known and generated, and the window after every step. */
async function generate(rollout: Rollout, truth: HostTensor): Promise<{ tokens: HostTensor; steps: TensorResult[] }> {
  const { golden, config } = rollout;
  const { clip_noise, sampling_timesteps } = config.diffusion;
  const total = truth.shape[1] as number;
  let drawn = 0;
  const draw = (): HostTensor =>
    batchMajor(clamped(tensorOf(golden, `draw.${String(drawn++).padStart(4, "0")}`), clip_noise));
  const steps: TensorResult[] = [];
  let known = cut(truth, 0, config.context_frames / config.frame_stack);
  while ((known.shape[1] as number) < total) {
    const current = known.shape[1] as number;
    const chunk = config.chunk_size > 0 ? Math.min(total - current, config.chunk_size) : total - current;
    const start = Math.max(0, current + chunk - config.n_tokens);
    let window = join(cut(known, start, current), draw());
    const length = window.shape[1] as number;
    const step = await compile(rollout, window, start);
    const shape = officialMatrixShape(config.scheduling_matrix, config.uncertainty_scale);
    const { rows } = schedulingMatrix(shape, sampling_timesteps, chunk);
    for (let m = 0; m + 1 < rows.length; m++) {
      const row = (index: number) => [...new Array<number>(length - chunk).fill(0), ...(rows[index] as Int32Array)];
      window = await step.run(window, row(m), row(m + 1), draw);
      steps.push({ name: `mid.step.${String(steps.length).padStart(3, "0")}.out`, ...swapAxes(window) });
    }
    step.dispose();
    known = join(known, cut(window, length - chunk, length));
  }
  return { tokens: known, steps };
}

/** A step of a window that starts at token `start`. Noise is drawn in the official order. */
async function compile(rollout: Rollout, window: HostTensor, start: number) {
  const { process, options, backend, parameters, levels } = rollout;
  const [batch, length] = window.shape as [number, number];
  const graph = samplingStepGraph(process, options, { batch, length });
  const executable = await backend.compile(graph, { constants: parameters });
  const needs = noiseInputs(options);
  const at = (row: readonly number[]): HostTensor =>
    tensor(
      Int32Array.from({ length: batch * length }, (_, i) => levels[row[i % length] as number] as number),
      [batch, length],
    );
  const run = async (x: HostTensor, from: readonly number[], to: readonly number[], draw: () => HostTensor) => {
    const stabilizationNoise = options.solver === "ddpm" ? draw() : undefined;
    const noise = draw();
    const outputs = await executable.run({
      x,
      from: at(from),
      to: at(to),
      ...(needs.step ? { noise } : {}),
      ...(needs.stabilization && stabilizationNoise ? { stabilizationNoise } : {}),
      ...(rollout.condition ? { condition: cut(rollout.condition, start, start + length) } : {}),
    });
    return (await readAll(outputs)).x as HostTensor;
  };
  return { run, dispose: () => executable.dispose() };
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
