import type { Backend, Diffusion, Guidance, HostTensor, HostTensorRecord } from "@diffusion-forcing/core";
import { mean, mul, reshape, square, sub, sum, type Value } from "@diffusion-forcing/core/graph";
import { officialDdimStep, officialDdpmStep } from "@diffusion-forcing/core/official";
import { timestepLevels } from "@diffusion-forcing/core/process";
import { type GoldenCase, tensorOf, UnsupportedCase } from "../case.js";
import type { TensorResult } from "../compare.js";
import { evaluate } from "../evaluate.js";
import { batchMajor, clamped, float32, levelIndices, swapAxes } from "../layout.js";
import type { OfficialDiffusion } from "../official.js";
import { officialDiffusion, officialParameters } from "../official-model.js";

interface Config {
  readonly diffusion: OfficialDiffusion;
  readonly x_dim: number;
  readonly external_cond_dim: number;
  readonly is_causal: boolean;
  readonly guidance?: { readonly scale_by_objective: Readonly<Record<string, number>> };
}

/** What all sub-cases of a case share. */
interface Shared {
  readonly backend: Backend;
  readonly golden: GoldenCase;
  readonly config: Config;
  readonly parameters: HostTensorRecord;
  readonly inputs: HostTensorRecord;
}

/** E: one step with mixed levels, a sub-case for every objective, eta, and with and without guidance. */
export async function runSampleStep(golden: GoldenCase, backend: Backend): Promise<TensorResult[]> {
  const config = golden.json.config as Config;
  const { model } = diffusionOf(config, config.diffusion.objective);
  const shared: Shared = {
    golden,
    backend,
    config,
    parameters: officialParameters(golden, model.config),
    inputs: {
      x: batchMajor(tensorOf(golden, "in.x")),
      ...(config.external_cond_dim > 0 ? { condition: batchMajor(tensorOf(golden, "in.external_cond")) } : {}),
    },
  };
  const results: TensorResult[] = [];
  for (const prefix of Object.keys(golden.json.draws as object)) {
    const [, objective, eta, guided] = /^(\w+)\.(?:ddim_eta([\d.]+)\.(free|goal)|ddpm)\.$/.exec(prefix) ?? [];
    if (objective === undefined) throw new UnsupportedCase(`sub-case ${prefix}`);
    const found =
      eta === undefined
        ? await runDdpm(shared, prefix, objective)
        : await runDdim(shared, prefix, objective, Number(eta), guided === "goal");
    // Intermediates that do not depend on guidance are recorded without it only.
    results.push(...found.filter(({ name }) => golden.tensors.has(name)));
  }
  return results;
}

function diffusionOf(config: Config, objective: string): Diffusion {
  return officialDiffusion({
    diffusion: config.diffusion,
    features: config.x_dim,
    conditionFeatures: config.external_cond_dim,
    causal: config.is_causal,
    objective,
  });
}

function levelsOf({ golden, config }: Shared, name: string, steps: number): HostTensor<"int32"> {
  return levelIndices(tensorOf(golden, name), timestepLevels(config.diffusion.timesteps, steps));
}

function noiseOf({ golden, config }: Shared, name: string): HostTensor<"float32"> {
  return batchMajor(clamped(tensorOf(golden, name), config.diffusion.clip_noise));
}

/** The official value: minus the weighted squared distance to the goal, a mean over tokens, samples and features. */
function goalGuidance(scale: number, batch: number): Guidance {
  return {
    samples: 1,
    reward: (x0, { goal, weight }) => {
      const [, length, features] = x0.shape as [number, number, number];
      const distance = square(sub(x0, reshape(goal as Value, [batch, 1, features])));
      const weighted = mul(distance, reshape(weight as Value, [1, length, 1]));
      return mul(mean(weighted, [1, 2]), -scale / batch);
    },
  };
}

async function runDdim(
  shared: Shared,
  prefix: string,
  objective: string,
  eta: number,
  guided: boolean,
): Promise<TensorResult[]> {
  const { golden, config, parameters } = shared;
  const { sampling_timesteps, stabilization_level } = config.diffusion;
  const subject = diffusionOf(shared.config, objective);
  const scale = config.guidance?.scale_by_objective[objective];
  if (guided && scale === undefined) throw new UnsupportedCase(`guidance for ${objective}`);
  const inputs: HostTensorRecord = {
    ...shared.inputs,
    from: levelsOf(shared, "in.ddim.curr_level", sampling_timesteps),
    to: levelsOf(shared, "in.ddim.next_level", sampling_timesteps),
    noise: noiseOf(shared, `${prefix}draw.0000`),
    ...(guided
      ? {
          goal: float32(tensorOf(golden, "in.guidance.goal")),
          weight: float32(tensorOf(golden, "in.guidance.weight")),
        }
      : {}),
  };
  const batch = inputs.x!.shape[0] as number;
  const { guidance_value, ...outputs } = await evaluate(shared.backend, { ...parameters, ...inputs }, (values) => {
    const input = (name: string) => values[name] as Value;
    const [x, from, to] = [input("x"), input("from"), input("to")];
    const result = officialDdimStep(
      subject,
      values,
      {
        eta,
        stabilizationLevel: stabilization_level,
        ...(guided ? { guidance: goalGuidance(scale as number, batch) } : {}),
      },
      {
        x,
        from,
        to,
        noise: input("noise"),
        ...("condition" in values ? { condition: input("condition") } : {}),
        ...(guided ? { guidanceInputs: { goal: input("goal"), weight: input("weight") } } : {}),
      },
    );
    return {
      "mid.ddim.x_in": result.tokens,
      sigma: reshape(result.deviation, from.shape),
      c: reshape(result.direction, from.shape),
      model_out: result.output,
      x_start: result.clean,
      pred_noise: result.noise,
      out: result.next,
      ...(result.guidance === undefined
        ? {}
        : { guidance_value: sum(result.guidance.reward), guidance_grad: result.guidance.gradient }),
    };
  });
  return [
    ...Object.entries(outputs).map(([name, value]) => ({
      name: name.startsWith("mid.") ? name : `${prefix}${name}`,
      ...swapAxes(value),
    })),
    ...(guidance_value === undefined ? [] : [{ name: `${prefix}guidance_value`, ...guidance_value }]),
  ];
}

async function runDdpm(shared: Shared, prefix: string, objective: string): Promise<TensorResult[]> {
  const { timesteps, stabilization_level } = shared.config.diffusion;
  const subject = diffusionOf(shared.config, objective);
  const inputs: HostTensorRecord = {
    ...shared.inputs,
    from: levelsOf(shared, "in.ddpm.curr_level", timesteps),
    to: levelsOf(shared, "in.ddpm.next_level", timesteps),
    stabilizationNoise: noiseOf(shared, `${prefix}draw.0000`),
    noise: noiseOf(shared, `${prefix}draw.0001`),
  };
  const outputs = await evaluate(shared.backend, { ...shared.parameters, ...inputs }, (values) => {
    const input = (name: string) => values[name] as Value;
    const from = input("from");
    const { model, process } = subject;
    const result = officialDdpmStep(
      process,
      stabilization_level,
      (tokens, told) => {
        const output = model.apply(values, {
          tokens,
          noiseLevels: told,
          levelCount: process.levels,
          ...("condition" in values ? { condition: input("condition") } : {}),
        });
        return process.estimate(output, tokens, told);
      },
      { x: input("x"), from, to: input("to"), noises: [input("stabilizationNoise"), input("noise")] },
    );
    return {
      x_in: result.tokens,
      model_mean: result.mean,
      model_log_variance: reshape(result.logVariance, from.shape),
      out: result.next,
    };
  });
  return Object.entries(outputs).map(([name, value]) => ({ name: `${prefix}${name}`, ...swapAxes(value) }));
}
