import type { Backend, Diffusion, HostTensor, HostTensorRecord } from "@diffusion-forcing/core";
import { gradient, type Value } from "@diffusion-forcing/core/graph";
import { meanOverElements } from "@diffusion-forcing/core/official";
import { diffusionForcingLoss, stepwiseNoiseLevels } from "@diffusion-forcing/core/process";
import { type GoldenCase, tensorOf } from "../case.js";
import type { TensorResult } from "../compare.js";
import { evaluate } from "../evaluate.js";
import { type OfficialFrames, officialCodec, stackedConditions } from "../frames.js";
import { batchMajor, clamped, float32, swapAxes } from "../layout.js";
import { officialParameters, officialResults } from "../official-model.js";
import { type OfficialRecurrentDiffusion, officialRecurrentDiffusion } from "../recurrent.js";

interface Config extends OfficialFrames {
  readonly diffusion: OfficialRecurrentDiffusion;
  readonly x_shape: readonly [number];
  readonly z_shape: readonly [number];
  readonly gt_first_frame: number;
  readonly gt_cond_prob: number;
  readonly learnable_init_z: boolean;
}

interface Draw {
  readonly fn: string;
  readonly tensor?: string;
  readonly value?: number;
}

/** H: a training step of the recurrent model: levels, loss, and gradients through time. */
export async function runRecurrentTraining(golden: GoldenCase, backend: Backend): Promise<TensorResult[]> {
  const config = golden.json.config as Config;
  const { frame_stack, diffusion } = config;
  const subject = officialRecurrentDiffusion({
    diffusion,
    features: config.x_shape[0] * frame_stack,
    stateSize: config.z_shape[0],
    conditionFeatures: config.external_cond_dim,
    learnedInitialState: config.learnable_init_z,
    decay: diffusion.cum_snr_decay ** frame_stack,
  });
  const tokens = officialCodec(config).encode(float32(tensorOf(golden, "in.observations")));
  const condition = stackedConditions(golden, config);
  const lossMask = presentElements(golden, config);
  const parameters = officialParameters(golden, subject.model.config);
  const outputs = await lossAndGradients(backend, subject, parameters, {
    tokens,
    noiseLevels: noiseLevels(golden, config, tokens.shape),
    noise: noise(golden, config),
    lossMask,
    ...(condition === undefined ? {} : { condition }),
  });
  const gradients = Object.fromEntries(
    Object.keys(parameters).map((name) => [name, outputs[`gradient/${name}`] as HostTensor]),
  );
  return [
    { name: "mid.xs_normalized_stacked", ...swapAxes(tokens) },
    ...(condition === undefined ? [] : [{ name: "mid.conditions_stacked", ...swapAxes(condition) }]),
    { name: "out.loss", ...(outputs.loss as HostTensor) },
    { name: "out.xs_pred", ...swapAxes(officialCodec(config).decode(outputs.x0 as HostTensor)) },
    ...officialResults("grad", subject.model.config, gradients),
  ];
}

/** The levels by the library's rule, from the recorded draws. */
function noiseLevels(golden: GoldenCase, config: Config, [batch = 0, tokens = 0]: readonly number[]): HostTensor {
  const draws = (golden.json.draws as { readonly all: readonly Draw[] }).all;
  const uniforms = draws.flatMap(({ value }) => (value === undefined ? [] : [value]));
  const integers = draws.flatMap(({ fn, tensor }) =>
    fn === "randint" ? Array.from(tensorOf(golden, tensor as string).data) : [],
  );
  const levels = stepwiseNoiseLevels(
    { uniform: () => uniforms.shift() as number, integer: () => (integers.shift() as number) + 1 },
    { batch, tokens, levels: config.diffusion.timesteps },
    { any: config.gt_cond_prob, first: config.gt_first_frame },
  );
  if (uniforms.length + integers.length > 0) throw new Error("draws of levels are left over");
  return levels;
}

/** The recorded noise, [B, T, C]: one draw for each token. */
function noise(golden: GoldenCase, config: Config): HostTensor {
  const draws = (golden.json.draws as { readonly all: readonly Draw[] }).all;
  const steps = draws
    .filter(({ fn }) => fn === "randn_like")
    .map(({ tensor }) => clamped(tensorOf(golden, tensor as string), config.diffusion.clip_noise));
  const data = steps.flatMap((step) => Array.from(step.data));
  return batchMajor({ shape: [steps.length, ...(steps[0]?.shape ?? [])], data });
}

/** 1 for elements of frames before the first that is terminal, else 0: [B, T, C]. */
function presentElements(golden: GoldenCase, { x_shape, frame_stack }: Config): HostTensor {
  const { shape, data } = tensorOf(golden, "in.nonterminals");
  const [batch, count] = shape as [number, number];
  const [channels] = x_shape;
  const alive = Array.from(data);
  for (let i = 0; i < alive.length; i++) if (i % count > 0) alive[i] = (alive[i] as number) * (alive[i - 1] as number);
  const elements = alive.flatMap((value) => new Array<number>(channels).fill(value));
  return float32({ shape: [batch, count / frame_stack, frame_stack * channels], data: elements });
}

function lossAndGradients(
  backend: Backend,
  subject: Diffusion,
  parameters: HostTensorRecord,
  batch: HostTensorRecord,
): Promise<HostTensorRecord> {
  const names = Object.keys(parameters);
  return evaluate<string>(backend, { ...parameters, ...batch }, (values) => {
    const traced = Object.fromEntries(names.map((name) => [name, values[name] as Value]));
    const { loss, modelOutput, noisedTokens } = diffusionForcingLoss(
      subject,
      traced,
      {
        tokens: values.tokens as Value,
        noiseLevels: values.noiseLevels as Value,
        noise: values.noise as Value,
        lossMask: values.lossMask as Value,
        ...("condition" in values ? { condition: values.condition as Value } : {}),
      },
      { denominator: meanOverElements },
    );
    const { clean: x0 } = subject.process.estimate(modelOutput, noisedTokens, values.noiseLevels as Value);
    const slopes = gradient(loss, Object.values(traced));
    return { loss, x0, ...Object.fromEntries(slopes.map((slope, i) => [`gradient/${names[i]}`, slope])) };
  });
}
