import { type Backend, type Guidance, type HostTensor, tensor } from "@diffusion-forcing/core";
import { mul, reshape, slice, type TensorType, trace, type Value } from "@diffusion-forcing/core/graph";
import { officialDdimStep, officialDdpmStep, officialMatrix } from "@diffusion-forcing/core/official";
import { timestepLevels } from "@diffusion-forcing/core/process";
import { reachGoal, reachGoalWeights } from "@diffusion-forcing/tasks/maze2d";
import { type GoldenCase, tensorOf, UnsupportedCase } from "../case.js";
import type { TensorResult } from "../compare.js";
import { readAll } from "../evaluate.js";
import { batchMajor, clamped, swapAxes } from "../layout.js";
import { officialDiffusion, officialParameters } from "../official-model.js";
import {
  frameMoments,
  leadingRows,
  type PlanningConfig,
  planningModel,
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

  const subject = officialDiffusion(planningModel(golden));
  const parameters = officialParameters(golden, subject.model.config);
  const shape = [batch, layout.length, ...subject.model.tokenShape];
  const sequence = { dtype: "float32", shape } as const;
  const levels = { dtype: "int32", shape: [batch, layout.length] } as const;
  const guidance = guided ? goalGuidance(config) : undefined;
  const types: Record<string, TensorType> = {
    ...Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, value as TensorType])),
    x: sequence,
    from: levels,
    to: levels,
    ...(isDdpm ? { stabilizationNoise: sequence } : {}),
    ...(isDdpm || diffusion.ddim_sampling_eta > 0 ? { noise: sequence } : {}),
    ...guidance?.inputs?.(batch, layout.length),
  };
  const graph = trace(types, (values) => planningStep(golden, subject, guidance, values));
  const executable = await backend.compile(graph, { constants: parameters });

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
      ...(isDdpm ? { stabilizationNoise: draw(2 * step + 1) } : {}),
      ...("noise" in types ? { noise: draw(isDdpm ? 2 * step + 2 : step + 1) } : {}),
      ...(guided ? { start: frames(starts), goal: frames(goals) } : {}),
    });
    const read = await readAll(outputs);
    x = read.x as HostTensor<"float32">;
    const prefix = `mid.step.${String(step).padStart(3, "0")}`;
    results.push({ name: `${prefix}.out`, ...swapAxes(x) });
    if (!guided) continue;
    results.push({ name: `${prefix}.guidance_grad`, ...swapAxes(read.rewardGradient!) });
    values.push(Array.from(read.reward!.data).reduce((sum, value) => sum + value, 0));
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

/** One step of the official planner, by its own rules. */
function planningStep(
  golden: GoldenCase,
  subject: ReturnType<typeof officialDiffusion>,
  guidance: Guidance | undefined,
  values: Readonly<Record<string, Value>>,
): Record<string, Value> {
  const { diffusion } = golden.json.config as Config;
  const input = (name: string): Value => values[name] as Value;
  const { model, process } = subject;
  const [x, from, to] = [input("x"), input("from"), input("to")];
  if ("stabilizationNoise" in values) {
    const predicted = (tokens: Value, told: Value) =>
      process.estimate(model.apply(values, { tokens, noiseLevels: told, levelCount: process.levels }), tokens, told);
    const noises = [input("stabilizationNoise"), input("noise")] as const;
    return { x: officialDdpmStep(process, diffusion.stabilization_level, predicted, { x, from, to, noises }).next };
  }
  const options = { eta: diffusion.ddim_sampling_eta, stabilizationLevel: diffusion.stabilization_level };
  const step = officialDdimStep(
    subject,
    values,
    { ...options, ...(guidance ? { guidance } : {}) },
    {
      x,
      from,
      to,
      ...("noise" in values ? { noise: input("noise") } : {}),
      ...(guidance ? { guidanceInputs: { start: input("start"), goal: input("goal") } } : {}),
    },
  );
  if (step.guidance === undefined) return { x: step.next };
  return { x: step.next, reward: step.guidance.reward, rewardGradient: step.guidance.gradient };
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
    guidanceScale: guidance_scale / batch,
    samples: 1,
    frameStack: frame_stack,
    observationFeatures: config.observation_mean.length,
    actionFeatures: config.action_mean.length,
    horizon,
    weights: guidance_weights,
  };
}

/** The library's guidance, its scale in the reward as in the official value; it knows no rewards, which are cut off. */
function goalGuidance(config: Config): Guidance {
  const { guidanceScale = 1, ...guidance } = reachGoal(goalOptions(config));
  const width = frameMoments(config).mean.length;
  const known = config.use_reward ? width - 1 : width;
  const reward: Guidance["reward"] = (x0, { start, goal }) => {
    const [batch, length] = x0.shape as [number, number, number];
    const all = reshape(x0, [batch, length * config.frame_stack, width]);
    const kept = reshape(slice(all, 2, 0, known), [batch, length, config.frame_stack * known]);
    const inputs = { start: slice(start as Value, 1, 0, known), goal: slice(goal as Value, 1, 0, known) };
    return mul(guidance.reward(kept, inputs), guidanceScale);
  };
  const frame = (batch: number) => ({ dtype: "float32", shape: [batch, width] }) as const;
  return { ...guidance, reward, inputs: (batch) => ({ start: frame(batch), goal: frame(batch) }) };
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
  const table = timestepLevels(timesteps, steps);
  return officialMatrix(config.scheduling_matrix, config.uncertainty_scale, steps, plan).rows.map((row) => {
    const indices = [0, ...row, ...new Array<number>(padding).fill(steps)];
    const levels = indices.map((index) => table[index] as number);
    const samples = Array.from({ length: config.batch }, () => levels);
    return tensor(Int32Array.from(samples.flat()), [config.batch, levels.length]);
  });
}
