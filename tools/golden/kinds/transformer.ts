import {
  type Backend,
  type Diffusion,
  type HostTensor,
  type HostTensorRecord,
  tensor,
  zeros,
} from "@diffusion-forcing/core";
import { gradient, type Value } from "@diffusion-forcing/core/graph";
import { everythingDecays } from "@diffusion-forcing/core/official";
import { diffusionForcingLoss } from "@diffusion-forcing/core/process";
import {
  packState,
  type StepGraphOptions,
  stateLayout,
  stepScalars,
  trainableDiffusion,
  trainingStepGraph,
  unpackState,
} from "@diffusion-forcing/core/training";
import { type GoldenCase, tensorOf, UnsupportedCase } from "../case.js";
import type { TensorResult } from "../compare.js";
import { evaluate, readAll } from "../evaluate.js";
import { batchMajor, clamped, type Numbers, noiseLevels, swapAxes } from "../layout.js";
import type { OfficialDiffusion } from "../official.js";
import { officialDiffusion, officialParameters, officialResults } from "../official-model.js";

interface Config {
  readonly diffusion: OfficialDiffusion;
  readonly x_dim: number;
  readonly external_cond_dim: number;
  readonly is_causal: boolean;
  /** Absent where nothing is trained. */
  readonly optimizer?: {
    readonly name: string;
    readonly lr: number;
    readonly betas: [number, number];
    readonly eps: number;
    readonly weight_decay: number;
    readonly steps: number;
  };
}

/** How closely parameters agree after some AdamW steps, where their gradients are more than rounding noise. */
const ADAMW_TOLERANCE = 1e-5;

/**
 * D: the transformer; where noise for it is stored the training loss and its gradients; and AdamW steps on one batch, if
 * there is an optimiser.
 */
export async function runTransformer(golden: GoldenCase, backend: Backend): Promise<TensorResult[]> {
  const config = golden.json.config as Config;
  const { diffusion, optimizer } = config;
  const subject = officialDiffusion({
    diffusion,
    features: config.x_dim,
    conditionFeatures: config.external_cond_dim,
    causal: config.is_causal,
  });
  const model = subject.model.config;
  const parameters = officialParameters(golden, model);
  const given: HostTensorRecord = {
    tokens: batchMajor(tensorOf(golden, "in.x")),
    noiseLevels: noiseLevels(tensorOf(golden, "in.noise_levels")),
    ...(config.external_cond_dim > 0 ? { condition: batchMajor(tensorOf(golden, "in.external_cond")) } : {}),
  };
  const noise = golden.tensors.get("draw.0000");
  if (noise === undefined) {
    const forward = await evaluate(backend, { ...parameters, ...given }, (values) => forwardPass(subject, values));
    return [{ name: "out.model_forward", ...swapAxes(forward["out.model_forward"] as HostTensor) }];
  }
  const batch = { ...given, noise: batchMajor(clamped(noise, diffusion.clip_noise)) };
  const { gradients, ...values } = await lossAndGradients(backend, subject, parameters, batch);
  const results: TensorResult[] = [
    ...Object.entries(values.perToken).map(([name, value]) => ({ name, ...swapAxes(value) })),
    { name: "out.loss_mean", ...values.loss },
    ...officialResults("grad", model, gradients),
  ];
  if (optimizer === undefined) return results;
  if (optimizer.name !== "AdamW") throw new UnsupportedCase(`optimizer ${optimizer.name}`);
  const { losses, trained } = await trainedParameters(backend, subject, parameters, batch, optimizer);
  const shaky = (golden.json.adamw_shaky_flat_indices ?? {}) as Record<string, readonly number[]>;
  return [
    ...results,
    { name: "out.losses_per_step", shape: [losses.length], data: losses },
    ...officialResults("adamw", model, trained).map((result) => ({
      ...result,
      tolerance: ADAMW_TOLERANCE,
      except: new Set(shaky[result.name.slice("adamw.".length)]),
    })),
  ];
}

/** The model on the tokens as they are. */
function forwardPass({ model, process }: Diffusion, values: Readonly<Record<string, Value>>) {
  const forward = model.apply(values, {
    tokens: values.tokens as Value,
    noiseLevels: values.noiseLevels as Value,
    levelCount: process.levels,
    ...("condition" in values ? { condition: values.condition as Value } : {}),
  });
  return { "out.model_forward": forward };
}

interface LossAndGradients {
  readonly perToken: Record<string, Numbers>;
  readonly loss: Numbers;
  readonly gradients: HostTensorRecord;
}

async function lossAndGradients(
  backend: Backend,
  subject: Diffusion,
  parameters: HostTensorRecord,
  batch: HostTensorRecord,
): Promise<LossAndGradients> {
  const names = Object.keys(parameters);
  const outputs = await evaluate(backend, { ...parameters, ...batch }, (values) => {
    const input = (name: string) => values[name] as Value;
    const traced = Object.fromEntries(names.map((name) => [name, input(name)]));
    const condition = "condition" in values ? { condition: input("condition") } : {};
    const [tokens, levels] = [input("tokens"), input("noiseLevels")];
    const result = diffusionForcingLoss(subject, traced, {
      tokens,
      noiseLevels: levels,
      noise: input("noise"),
      ...condition,
    });
    const slopes = gradient(
      result.loss,
      names.map((name) => traced[name] as Value),
    );
    return {
      ...forwardPass(subject, values),
      "mid.noised_x": result.noisedTokens,
      "mid.model_out": result.modelOutput,
      "mid.loss_weight": result.tokenWeights,
      "out.x_pred": subject.process.estimate(result.modelOutput, result.noisedTokens, levels).clean,
      "out.loss_unreduced": result.elements,
      loss: result.loss,
      ...Object.fromEntries(slopes.map((slope, i) => [`gradient/${names[i]}`, slope])),
    };
  });
  const { loss, ...rest } = outputs;
  const isGradient = (name: string) => name.startsWith("gradient/");
  return {
    loss: loss as HostTensor,
    perToken: Object.fromEntries(Object.entries(rest).filter(([name]) => !isGradient(name))),
    gradients: Object.fromEntries(names.map((name) => [name, rest[`gradient/${name}`] as HostTensor])),
  };
}

async function trainedParameters(
  backend: Backend,
  subject: Diffusion,
  parameters: HostTensorRecord,
  batch: HostTensorRecord,
  { lr, betas, eps, weight_decay, steps }: NonNullable<Config["optimizer"]>,
): Promise<{ losses: number[]; trained: HostTensorRecord }> {
  const optimizer = { learningRate: lr, betas, epsilon: eps, weightDecay: weight_decay, group: everythingDecays };
  const layout = stateLayout(subject.model, optimizer);
  const options: StepGraphOptions = { optimizer, maxGradNorm: undefined, emaDecay: undefined };
  const executable = await backend.compile(trainingStepGraph(trainableDiffusion(subject), options, batch));
  const moments = (): HostTensorRecord =>
    Object.fromEntries(Object.entries(parameters).map(([name, { shape }]) => [name, zeros("float32", shape)]));
  let state = packState(layout, { parameters, first: moments(), second: moments() });
  const losses: number[] = [];
  for (let step = 1; step <= steps; step++) {
    const scalars = Object.entries(stepScalars(layout, options, step, lr)).map(([name, value]) => [
      name,
      tensor([value], []),
    ]);
    const outputs = await executable.run({ ...state, ...batch, ...Object.fromEntries(scalars) });
    const { loss, ...next } = await readAll(outputs);
    losses.push(loss!.data[0] as number);
    state = next;
  }
  executable.dispose();
  return { losses, trained: unpackState(layout, ["parameters"], state).parameters };
}
