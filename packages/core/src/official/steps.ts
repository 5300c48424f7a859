import type { Diffusion } from "../diffusion/diffusion.js";
import { add, constant, equal, exp, log, maximum, mul, reshape, sqrt, sub, where } from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import { tensor } from "../engine/tensor/tensor.js";
import type { Parameters } from "../models/model.js";
import { noiseRemoved } from "../process/gaussian/path.js";
import { posterior } from "../process/gaussian/transition.js";
import type { Estimate, NoiseProcess } from "../process/process.js";
import { atLevel, perToken } from "../process/tables.js";
import { estimatorOf } from "../sampling/guidance/combined-estimate.js";
import { type Guidance, type RewardGradient, rewardGradient } from "../sampling/guidance/gradient.js";
import type { Network } from "../sampling/network.js";
import { ddim } from "../sampling/solvers/ddim.js";
import { pathOf } from "../sampling/solvers/path.js";
import type { Solver } from "../sampling/solvers/solver.js";
import { stabilized } from "../sampling/stabilization.js";

export interface OfficialStepOptions {
  readonly eta: number;
  readonly stabilizationLevel: number;
  readonly guidance?: Guidance;
}

export interface OfficialStepInputs {
  /** [B, T, ...] */
  readonly x: Value;
  /** int32 [B, T] */
  readonly from: Value;
  readonly to: Value;
  /** [B, T, ...]; needed if eta > 0. */
  readonly noise?: Value;
  readonly condition?: Value;
  readonly guidanceInputs?: Readonly<Record<string, Value>>;
}

export interface OfficialStep extends Estimate {
  /** What the network was shown, [B, T, ...], and what it answered. */
  readonly tokens: Value;
  readonly output: Value;
  /** Standard deviation of the fresh noise and factor of the predicted noise, [B, T, 1, ...]. */
  readonly deviation: Value;
  readonly direction: Value;
  readonly guidance?: RewardGradient;
  readonly next: Value;
}

/** The network of a model that reads its whole sequence; `answered` is told its outputs. */
function networkOf({ model, process }: Diffusion, parameters: Parameters, answered: (output: Value) => void): Network {
  return ({ tokens, levels, condition }) => {
    const output = model.apply(parameters, {
      tokens,
      noiseLevels: levels,
      levelCount: process.levels,
      ...(condition === undefined ? {} : { condition }),
    });
    answered(output);
    return output;
  };
}

/**
 * A DDIM step as the official code takes it: guidance subtracts the reward's gradient, times the noise's factor at the
 * next level, from the predicted noise, so that a token's last step is not guided at all; nothing is limited.
 */
export function officialDdimStep(
  diffusion: Diffusion,
  parameters: Parameters,
  options: OfficialStepOptions,
  inputs: OfficialStepInputs,
): OfficialStep {
  const { process } = diffusion;
  const { x, from, to, condition, guidanceInputs = {} } = inputs;
  const path = pathOf("ddim", process);
  const rank = x.shape.length;
  const { tokens, told } = stabilized(process, x, from, options.stabilizationLevel);
  let output: Value | undefined;
  const network = networkOf(diffusion, parameters, (answer) => {
    output ??= answer;
  });
  const estimator = estimatorOf(process, network, undefined);
  const shown = { x, levels: from, tokens, told, ...(condition === undefined ? {} : { condition }) };
  let estimate = estimator(shown);
  let guidance: RewardGradient | undefined;
  if (options.guidance !== undefined) {
    guidance = rewardGradient(process, estimator, options.guidance, estimate.clean, { ...shown, guidanceInputs });
    const factor = mul(atLevel(path.noise, to, rank), options.guidance.guidanceScale ?? 1);
    const noise = sub(estimate.noise, mul(factor, guidance.gradient));
    estimate = { noise, clean: cleanOf(process, tokens, told, noise) };
  }
  const solver = ddim({ eta: options.eta });
  const moved = solver.step({
    process,
    predict: () => estimate,
    x: tokens,
    from: told,
    to,
    noise: inputs.noise === undefined ? [] : [inputs.noise],
    memory: {},
  }).x;
  const fresh = mul(noiseRemoved(path, told, to, rank).removed, options.eta ** 2);
  const left = atLevel(path.noise, to, rank);
  return {
    ...estimate,
    tokens,
    output: output as Value,
    deviation: mul(left, sqrt(fresh)),
    direction: mul(left, sqrt(maximum(sub(1, fresh), 0))),
    ...(guidance === undefined ? {} : { guidance }),
    next: where(reshape(equal(from, to), perToken(x)), x, moved),
  };
}

/** x0 = x / alpha - (sigma / alpha) eps. */
function cleanOf(process: NoiseProcess, x: Value, levels: Value, noise: Value): Value {
  const { signal, noise: sigma } = pathOf("ddim", process);
  const rank = x.shape.length;
  const inverse = signal.map((alpha) => 1 / alpha);
  const ratio = sigma.map((value, k) => value / (signal[k] as number));
  return sub(mul(atLevel(inverse, levels, rank), x), mul(atLevel(ratio, levels, rank), noise));
}

/** What a DDPM step of the official code computes. */
export interface OfficialDdpmStep {
  /** What the network was shown, [B, T, ...]. */
  readonly tokens: Value;
  readonly mean: Value;
  /** [B, T, 1, ...] */
  readonly logVariance: Value;
  readonly next: Value;
}

/**
 * A DDPM step of one level as the official code takes it: clean tokens are noised to the stabilisation level by a full
 * forward process, where `ddim` only scales them, and what follows is computed for them too, as if they had a next level.
 *
 * @param predict the estimate of what the network is shown.
 */
export function officialDdpmStep(
  process: NoiseProcess,
  stabilizationLevel: number,
  predict: (tokens: Value, told: Value) => Estimate,
  inputs: { readonly x: Value; readonly from: Value; readonly to: Value; readonly noises: readonly [Value, Value] },
): OfficialDdpmStep {
  const { x, from, to, noises } = inputs;
  const everywhere = (mask: Value): Value => reshape(mask, perToken(x));
  const isClean = equal(from, 0);
  const told = where(isClean, constant(tensor(Int32Array.of(stabilizationLevel), [])), from);
  const tokens = where(everywhere(isClean), process.corrupt(x, told, noises[0]), x);
  const { clean } = predict(tokens, told);
  const law = posterior(pathOf("ancestral", process), clean, tokens, told, sub(told, 1));
  const logVariance = log(maximum(law.variance, 1e-20));
  const moved = add(law.mean, mul(exp(mul(logVariance, 0.5)), noises[1]));
  const sampled = where(everywhere(equal(to, 0)), law.mean, moved);
  return { tokens, mean: law.mean, logVariance, next: where(everywhere(equal(from, to)), x, sampled) };
}

/** {@link officialDdpmStep} as a solver, for a sampler of stabilisation level 0 with as many timesteps as levels. */
export function officialAncestral(stabilizationLevel: number): Solver {
  return {
    config: { kind: "official-ancestral", stabilizationLevel },
    draws: 2,
    evaluations: 1,
    needsPath: true,
    step: ({ process, predict, x, from, to, noise }) => ({
      x: officialDdpmStep(process, stabilizationLevel, predict, {
        x,
        from,
        to,
        noises: noise as unknown as [Value, Value],
      }).next,
    }),
  };
}
