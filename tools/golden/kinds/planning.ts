import { type Backend, type Guidance, type HostTensor, schedulingMatrix, tensor } from "@diffusion-forcing/core";
import { reshape, slice } from "@diffusion-forcing/core/graph";
import { samplingLevels } from "@diffusion-forcing/core/process";
import {
  guidanceInputName,
  noiseInputs,
  parameterName,
  type StepOptions,
  samplingStepGraph,
} from "@diffusion-forcing/core/sampling";
import { reachGoal, reachGoalWeights } from "@diffusion-forcing/tasks/maze2d";
import { type GoldenCase, tensorOf, UnsupportedCase } from "../case.js";
import type { TensorResult } from "../compare.js";
import { readAll } from "../evaluate.js";
import { batchMajor, clamped, swapAxes } from "../layout.js";
import { officialMatrixShape } from "../official.js";
import { officialParameters, officialProcess } from "../official-model.js";
import {
  frameMoments,
  leadingRows,
  type PlanningConfig,
  planningProcess,
  rowOf,
  startToken,
  unstackedFrames,
} from "../planning.js";

interface Config extends PlanningConfig {
  readonly horizon: number;
  readonly guidance_scale: number;
  readonly guidance_weights: "intended" | "aliased";
  readonly scheduling_matrix: string;
  readonly uncertainty_scale: number;
}

/** The sequence of a plan: one start token, tokens to plan, and padding that stays noise. */
interface Layout {
  readonly plan: number;
  readonly padding: number;
  readonly length: number;
}

/** P: planning with goal guidance, step by step. */
export async function runPlanning(golden: GoldenCase, backend: Backend): Promise<TensorResult[]> {
  const config = golden.json.config as Config;
  const { diffusion, frame_stack, batch } = config;
  const layout = layoutOf(config);
  const starts = Array.from({ length: batch }, (_, row) => bundle(config, rowOf(golden, "in.start_normalized", row)));
  const goals = Array.from({ length: batch }, (_, row) => bundle(config, rowOf(golden, "in.goal_normalized", row)));
  const guided = config.guidance_scale !== 0;
  const isDdpm = diffusion.sampling_timesteps === diffusion.timesteps;
  if (guided && isDdpm) throw new UnsupportedCase("guided DDPM steps, which the official code refuses");
  const results: TensorResult[] = [
    {
      name: "mid.init_token",
      shape: [1, batch, startToken(config, starts[0]!).length],
      data: starts.flatMap((frame) => startToken(config, frame)),
    },
  ];

  const options: StepOptions = {
    ...(isDdpm ? ({ solver: "ddpm" } as const) : { eta: diffusion.ddim_sampling_eta }),
    stabilizationLevel: diffusion.stabilization_level,
    ...(guided ? { guidance: goalGuidance(config) } : {}),
  };
  const needs = noiseInputs(options);
  const process = officialProcess(planningProcess(golden));
  const graph = samplingStepGraph(process, options, { batch, length: layout.length }, true);
  const parameters = officialParameters(golden, process.model.config);
  const constants = Object.fromEntries(Object.entries(parameters).map(([name, value]) => [parameterName(name), value]));
  const executable = await backend.compile(graph, { constants });

  const draw = (index: number) =>
    batchMajor(clamped(tensorOf(golden, `draw.${String(index).padStart(4, "0")}`), diffusion.clip_noise));
  const rows = levelRows(config, layout);
  const values: number[] = [];
  let x = initialTokens(config, layout, starts, draw(0));
  for (let step = 0; step + 1 < rows.length; step++) {
    const outputs = await executable.run({
      x,
      from: rows[step]!,
      to: rows[step + 1]!,
      // DDPM draws twice in every step, the noise of stabilisation first.
      ...(needs.stabilization ? { stabilizationNoise: draw(2 * step + 1) } : {}),
      ...(needs.step ? { noise: draw(isDdpm ? 2 * step + 2 : step + 1) } : {}),
      ...(guided ? { [guidanceInputName("start")]: frames(starts), [guidanceInputName("goal")]: frames(goals) } : {}),
    });
    const read = await readAll(outputs);
    x = read.x as HostTensor<"float32">;
    const prefix = `mid.step.${String(step).padStart(3, "0")}`;
    results.push({ name: `${prefix}.out`, ...swapAxes(x) });
    if (!guided) continue;
    results.push({ name: `${prefix}.guidance_grad`, ...swapAxes(read.guidanceGradient!) });
    values.push(Array.from(read.guidanceValue!.data).reduce((sum, value) => sum + value, 0));
  }
  executable.dispose();

  if (guided) {
    const channels = config.observation_mean.length / 2 + 1;
    const weights = reachGoalWeights(layout.length * frame_stack, channels, goalOptions(config));
    results.push({ name: "mid.guidance_weight", ...weights });
    results.push({ name: "mid.guidance_value_per_step", shape: [values.length], data: values });
  }
  // Plans are recorded as sampled, still normalised.
  const plan = leadingRows(unstackedFrames(frame_stack, x), frame_stack, config.horizon);
  return [...results, { name: "out.plan", ...plan }];
}

function layoutOf({ horizon, frame_stack, episode_len, causal }: Config): Layout {
  const plan = Math.ceil(horizon / frame_stack);
  const padding = causal ? 0 : Math.floor(episode_len / frame_stack) - plan;
  return { plan, padding, length: 1 + plan + padding };
}

/** A normalised observation as a whole frame, what is not given being 0. */
function bundle(config: PlanningConfig, observation: readonly number[]): number[] {
  return frameMoments(config).mean.map((_, i) => observation[i] ?? 0);
}

function frames(rows: readonly (readonly number[])[]): HostTensor<"float32"> {
  return tensor(Float32Array.from(rows.flat()), [rows.length, rows[0]!.length]);
}

function goalOptions(config: Config) {
  const { guidance_scale, guidance_weights, frame_stack, horizon, batch } = config;
  return {
    // The official value is a mean over the batch, the library's stands for one sample.
    scale: guidance_scale / batch,
    samples: 1,
    factor: "next" as const,
    frameStack: frame_stack,
    observationFeatures: config.observation_mean.length,
    actionFeatures: config.action_mean.length,
    horizon,
    weights: guidance_weights,
  };
}

/** The library's guidance; it knows no rewards, so they are cut off what it is shown. */
function goalGuidance(config: Config): Guidance {
  const guidance = reachGoal(goalOptions(config));
  if (!config.use_reward) return guidance;
  const width = frameMoments(config).mean.length;
  return {
    ...guidance,
    inputs: (batch) => {
      const frame = { dtype: "float32", shape: [batch, width] } as const;
      return { start: frame, goal: frame };
    },
    value: (x0, { start, goal }) => {
      const [batch, length] = x0.shape as [number, number, number];
      const all = reshape(x0, [batch, length * config.frame_stack, width]);
      const kept = reshape(slice(all, 2, 0, width - 1), [batch, length, config.frame_stack * (width - 1)]);
      return guidance.value(kept, { start: slice(start!, 1, 0, width - 1), goal: slice(goal!, 1, 0, width - 1) });
    },
  };
}

function initialTokens(
  config: Config,
  { plan, length }: Layout,
  starts: readonly (readonly number[])[],
  noise: HostTensor<"float32">,
): HostTensor<"float32"> {
  const size = config.frame_stack * frameMoments(config).mean.length;
  const data = new Float32Array(config.batch * length * size);
  starts.forEach((frame, sample) => {
    const sequence = data.subarray(sample * length * size, (sample + 1) * length * size);
    sequence.set(startToken(config, frame));
    sequence.set(noise.data.subarray(sample * plan * size, (sample + 1) * plan * size), size);
  });
  return tensor(data, [config.batch, length, size]);
}

/** Each row's noise levels int32 [B, T]: the start clean, the plan by the matrix, the padding pure noise. */
function levelRows(config: Config, { plan, padding }: Layout): HostTensor<"int32">[] {
  const { timesteps, sampling_timesteps: steps } = config.diffusion;
  const table = samplingLevels(timesteps, steps);
  const shape = officialMatrixShape(config.scheduling_matrix, config.uncertainty_scale);
  return schedulingMatrix(shape, steps, plan).rows.map((row) => {
    const indices = [0, ...row, ...new Array<number>(padding).fill(steps)];
    const levels = indices.map((index) => table[index] as number);
    const samples = Array.from({ length: config.batch }, () => levels);
    return tensor(Int32Array.from(samples.flat()), [config.batch, levels.length]);
  });
}
