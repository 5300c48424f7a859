import { type Backend, type HostTensor, tensor } from "@diffusion-forcing/core";
import type { Value } from "@diffusion-forcing/core/graph";
import { meanOverElements } from "@diffusion-forcing/core/official";
import { diffusionForcingLoss } from "@diffusion-forcing/core/process";
import { type PlanningDraws, planningLevels } from "@diffusion-forcing/tasks/maze2d";
import { type GoldenCase, tensorOf } from "../case.js";
import type { TensorResult } from "../compare.js";
import { evaluate } from "../evaluate.js";
import { batchMajor, clamped, noiseLevels, swapAxes } from "../layout.js";
import { officialDiffusion, officialParameters } from "../official-model.js";
import {
  frameMoments,
  leadingRows,
  type PlanningConfig,
  planningModel,
  rawFrames,
  startToken,
  unstackedFrames,
} from "../planning.js";

interface Draw {
  readonly fn: string;
  readonly tensor?: string;
  readonly value?: number;
}

/** K: the official planner's training step: tokens, masks, noise levels and the weighted loss. */
export async function runPlanningTraining(golden: GoldenCase, backend: Backend): Promise<TensorResult[]> {
  const config = golden.json.config as PlanningConfig;
  const { frame_stack: framesPerToken, batch, diffusion } = config;
  const tokens = plannerTokens(golden, config);
  const length = tokens.shape[1] as number;
  const mask = frameMask(golden, length * framesPerToken, framesPerToken);
  const { draws, noise } = recordedDraws(golden, config);
  const sizes = { batch, tokens: length, levels: diffusion.timesteps, framesPerToken };
  const levels = planningLevels(draws, sizes, mask);
  const { start: _, ...withoutStart } = draws;
  const levelsBefore = planningLevels(withoutStart, sizes, mask).noiseLevels;

  const subject = officialDiffusion(planningModel(golden));
  const parameters = officialParameters(golden, subject.model.config);
  const lossMask = perElement(levels.frameWeights, tokens);
  const inputs = { tokens, noiseLevels: levels.noiseLevels, noise, lossMask };
  const { loss, x0 } = await evaluate<string>(backend, { ...parameters, ...inputs }, (values) => {
    const result = diffusionForcingLoss(
      subject,
      values,
      {
        tokens: values.tokens as Value,
        noiseLevels: values.noiseLevels as Value,
        noise: values.noise as Value,
        lossMask: values.lossMask as Value,
      },
      { denominator: meanOverElements },
    );
    const { clean } = subject.process.estimate(result.modelOutput, result.noisedTokens, values.noiseLevels as Value);
    return { loss: result.loss, x0: clean };
  });

  // Of the start token only the last frame is real.
  const frames = length * framesPerToken - framesPerToken + 1;
  const realFrames = (sequence: HostTensor) =>
    rawFrames(config, leadingRows(unstackedFrames(framesPerToken, sequence), framesPerToken - 1, frames));
  const officialLevels = (levels: HostTensor) => ({ shape: levels.shape, data: levels.data.map((level) => level - 1) });
  return [
    { name: "mid.tokens", ...swapAxes(tokens) },
    { name: "mid.masks", ...swapAxes(mask) },
    { name: "mid.masks_after_random_terminal", ...swapAxes(levels.presentFrames) },
    { name: "mid.loss_weights", ...swapAxes(levels.frameWeights) },
    { name: "mid.noise_levels_before_first_token_rule", ...swapAxes(officialLevels(levelsBefore)) },
    { name: "mid.noise_levels", ...swapAxes(officialLevels(levels.noiseLevels)) },
    { name: "out.loss", ...(loss as HostTensor) },
    { name: "out.xs_pred", ...realFrames(x0 as HostTensor) },
    { name: "out.xs", ...realFrames(tokens) },
  ];
}

/** Start token, then frames of observation i + 1, action i and reward i, normalised: [B, T, n C]. */
function plannerTokens(golden: GoldenCase, config: PlanningConfig): HostTensor {
  const { mean, deviation } = frameMoments(config);
  const [observations, actions, rewards] = ["observations", "actions", "rewards"].map((name) =>
    tensorOf(golden, `in.${name}`),
  ) as [ReturnType<typeof tensorOf>, ReturnType<typeof tensorOf>, ReturnType<typeof tensorOf>];
  const [batch = 1, steps = 1, observed = 1] = observations.shape;
  const acted = actions.shape[2] ?? 1;
  const observationWidth = config.observation_mean.length;
  const actionWidth = config.action_mean.length;
  const data: number[] = [];
  for (let sample = 0; sample < batch; sample++) {
    const row = (step: number) => sample * steps + step;
    const observation = (step: number) => [
      ...observations.data.subarray(row(step) * observed, row(step) * observed + observationWidth),
    ];
    const normalized = (frame: number[]) => frame.map((value, i) => (value - mean[i]!) / deviation[i]!);
    const start = normalized(observation(0));
    data.push(
      ...startToken(
        config,
        mean.map((_, i) => start[i] ?? 0),
      ),
    );
    for (let step = 0; step + 1 < steps; step++) {
      const action = actions.data.subarray(row(step) * acted, row(step) * acted + actionWidth);
      const reward = config.use_reward ? [rewards.data[row(step)] as number] : [];
      data.push(...normalized([...observation(step + 1), ...action, ...reward]));
    }
  }
  const size = config.frame_stack * mean.length;
  return tensor(Float32Array.from(data), [batch, data.length / batch / size, size]);
}

/** Which frames exist: the start token, and frames up to the end of the episode. bool [B, frames]. */
function frameMask(golden: GoldenCase, frames: number, framesPerToken: number): HostTensor<"bool"> {
  const { shape, data } = tensorOf(golden, "in.nonterminals");
  const [batch = 1, steps = 1] = shape;
  const mask = new Uint8Array(batch * frames);
  for (let sample = 0; sample < batch; sample++) {
    for (let frame = 0; frame < frames; frame++) {
      const before = data.subarray(sample * steps, sample * steps + Math.max(0, frame - framesPerToken + 1));
      mask[sample * frames + frame] = before.every((alive) => alive !== 0) ? 1 : 0;
    }
  }
  return tensor(mask, [batch, frames]);
}

/** The draws in the order they were made; levels count from 0 there and from 1 here. */
function recordedDraws(golden: GoldenCase, config: PlanningConfig): { draws: PlanningDraws; noise: HostTensor } {
  const remaining = [...(golden.json.draws as { all: readonly Draw[] }).all];
  const next = () => remaining.shift() as Draw;
  const integers = (offset: number) => {
    const { data } = tensorOf(golden, next().tensor as string);
    return tensor(Int32Array.from(data, (value) => value + offset));
  };
  const terminal = config.causal ? {} : { terminal: integers(0) };
  const base = noiseLevels(tensorOf(golden, next().tensor as string));
  const start = (next().value as number) < 0.5 ? { start: integers(1) } : {};
  const noise = batchMajor(clamped(tensorOf(golden, next().tensor as string), config.diffusion.clip_noise));
  return { draws: { ...terminal, base, ...start }, noise };
}

/** Weights of frames [B, T n] for every feature of tokens [B, T, n C]. */
function perElement(frameWeights: HostTensor, tokens: HostTensor): HostTensor {
  const width = tokens.data.length / frameWeights.data.length;
  const data = Float32Array.from({ length: tokens.data.length }, (_, i) => frameWeights.data[Math.floor(i / width)]!);
  return tensor(data, tokens.shape);
}
