import { gradient } from "../engine/autodiff/index.js";
import { buildGraph, type Graph } from "../engine/graph/graph.js";
import { add, div, mul } from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import type { Parameters } from "../models/model.js";
import { type BatchTypes, GraphInputs } from "./graph-inputs.js";
import {
  type AdamWScalars,
  adamW,
  adamWScalars,
  type CompleteAdamWOptions,
  clipByNorm,
  emaRate,
  globalNorm,
  movingAverage,
} from "./optimizer.js";
import type { CompleteParameterGroup } from "./parameter-groups.js";
import { type StateLayout, stateLayout } from "./state-layout.js";
import type { Trainable } from "./trainable.js";

export interface StepGraphOptions {
  readonly optimizer: CompleteAdamWOptions;
  /** Largest global gradient norm; undefined leaves gradients as they are. */
  readonly maxGradNorm: number | undefined;
  /** Decay of the exponential moving average of the parameters; undefined keeps none. */
  readonly emaDecay: number | undefined;
  /** Compute the model's blocks once more for the gradient instead of keeping their inner values. Default false. */
  readonly rematerialize?: boolean;
}

/**
 * One whole training step as a graph: forward (with the noising of a diffusion), loss, backward, clipping, AdamW, moving average.
 *
 * Inputs: the state (`parameters/...`, `first/...`, `second/...`, `ema/...`, see `packState`), the batch (those of
 * {@link Trainable.inputs}) and the step's {@link stepScalars}. Outputs: the new state under the same names, `loss`,
 * `gradientNorm` (with clipping).
 */
export function trainingStepGraph(trainable: Trainable, options: StepGraphOptions, types: BatchTypes): Graph {
  const layout = stateLayout(trainable, options.optimizer);
  const inputs = new GraphInputs();
  const packed = inputs.packs("parameters", layout);
  const parameters = layout.packs.unpack(packed);
  const { loss } = trainable.loss(parameters, inputs.batch(types));
  const gradients = packedGradient(layout, loss, parameters, options);
  const update = updatedState(layout, options, inputs, packed, gradients);
  return buildGraph(inputs.declared, { loss, ...update });
}

/**
 * Part of a step's work for gradient accumulation: the gradient of some of the batch's sequences, not yet divided, is
 * added to what is there.
 *
 * Inputs: `parameters/...`, the sums so far `gradient/...`, `total` and `denominator` of the loss, `keep` (0 for the
 * first part, which starts them anew, else 1), and the batch. Outputs: the sums, under the same names.
 */
export function microStepGraph(trainable: Trainable, options: StepGraphOptions, types: BatchTypes): Graph {
  const layout = stateLayout(trainable, options.optimizer);
  const inputs = new GraphInputs();
  const parameters = layout.packs.unpack(inputs.packs("parameters", layout));
  const sums = inputs.packs("gradient", layout);
  const [totals, denominators] = [inputs.declare("total", []), inputs.declare("denominator", [])];
  const keep = inputs.declare("keep", []);
  const { total, denominator } = trainable.loss(parameters, inputs.batch(types));
  const gradients = packedGradient(layout, total, parameters, options);
  const added = Object.entries(gradients).map(([pack, gradient]) => [
    `gradient/${pack}`,
    add(mul(sums[pack] as Value, keep), gradient),
  ]);
  return buildGraph(inputs.declared, {
    ...(Object.fromEntries(added) as Record<string, Value>),
    total: add(mul(totals, keep), total),
    denominator: add(mul(denominators, keep), denominator),
  });
}

/**
 * The rest of a step with gradient accumulation. Inputs: the state, the sums of {@link microStepGraph} and the step's
 * {@link stepScalars}. Outputs: as of {@link trainingStepGraph}.
 */
export function accumulatedUpdateGraph(trainable: Trainable, options: StepGraphOptions): Graph {
  const layout = stateLayout(trainable, options.optimizer);
  const inputs = new GraphInputs();
  const packed = inputs.packs("parameters", layout);
  const sums = inputs.packs("gradient", layout);
  const [total, denominator] = [inputs.declare("total", []), inputs.declare("denominator", [])];
  const gradients = Object.fromEntries(Object.entries(sums).map(([pack, sum]) => [pack, div(sum, denominator)]));
  const update = updatedState(layout, options, inputs, packed, gradients);
  return buildGraph(inputs.declared, { loss: div(total, denominator), ...update });
}

/**
 * The loss without its gradient, for validation. Inputs: `parameters/...` and the batch. Outputs: `total` and
 * `denominator`, whose ratio is the loss.
 */
export function lossGraph(trainable: Trainable, options: StepGraphOptions, types: BatchTypes): Graph {
  const layout = stateLayout(trainable, options.optimizer);
  const inputs = new GraphInputs();
  const parameters = layout.packs.unpack(inputs.packs("parameters", layout));
  const { total, denominator } = trainable.loss(parameters, inputs.batch(types));
  return buildGraph(inputs.declared, { total, denominator });
}

function packedGradient(
  layout: StateLayout,
  objective: Value,
  parameters: Parameters,
  { rematerialize = false }: StepGraphOptions,
): Record<string, Value> {
  const slopes = gradient(objective, Object.values(parameters), { rematerialize });
  return layout.packs.pack(Object.fromEntries(Object.keys(parameters).map((name, i) => [name, slopes[i] as Value])));
}

/** Clipping, AdamW and the moving average, by name of the graph's outputs. */
function updatedState(
  layout: StateLayout,
  options: StepGraphOptions,
  inputs: GraphInputs,
  parameters: Parameters,
  gradients: Parameters,
): Record<string, Value> {
  const outputs: Record<string, Value> = {};
  let limited = gradients;
  if (options.maxGradNorm !== undefined) {
    // Multipliers climb by what constraints are missed by, whatever the size of gradients.
    const isAscent = (pack: string): boolean =>
      (layout.groups[layout.groupOf(pack)] as CompleteParameterGroup).ascent > 0;
    const descending = Object.fromEntries(Object.entries(gradients).filter(([pack]) => !isAscent(pack)));
    outputs.gradientNorm = globalNorm(descending);
    limited = { ...gradients, ...clipByNorm(descending, outputs.gradientNorm, options.maxGradNorm) };
  }
  const keep = (group: string, tensors: Parameters): void => {
    for (const [pack, value] of Object.entries(tensors)) outputs[`${group}/${pack}`] = value;
  };
  const moments = { first: inputs.packs("first", layout), second: inputs.packs("second", layout) };
  const epsilon = inputs.declare("epsilon", []);
  const scalars = layout.groups.map(
    ({ weightDecay, ascent }, i): AdamWScalars<Value> => ({
      stepSize: inputs.declare(`stepSize/${i}`, []),
      epsilon,
      ...(ascent > 0 ? { isAscent: true } : {}),
      ...(weightDecay === 0 ? {} : { decay: inputs.declare(`decay/${i}`, []) }),
    }),
  );
  const scalarsOf = (pack: string) => scalars[layout.groupOf(pack)] as AdamWScalars<Value>;
  const updated = adamW(options.optimizer, parameters, limited, moments, scalarsOf);
  for (const group of ["parameters", "first", "second"] as const) keep(group, updated[group]);
  if (options.emaDecay !== undefined) {
    keep("ema", movingAverage(inputs.packs("ema", layout), updated.parameters, inputs.declare("emaRate", [])));
  }
  return outputs;
}

/**
 * The scalar inputs of step `step` (1-based) at the given learning rate, in float64: `epsilon`, `stepSize/g` and
 * `decay/g` of every group g of the layout (no decay where nothing decays), `emaRate` if an average is kept.
 */
export function stepScalars(
  { groups }: StateLayout,
  { optimizer, emaDecay }: Pick<StepGraphOptions, "optimizer" | "emaDecay">,
  step: number,
  learningRate: number,
): Record<string, number> {
  const scalars: Record<string, number> = emaDecay === undefined ? {} : { emaRate: emaRate(emaDecay, step) };
  groups.forEach((group, i) => {
    const { epsilon, stepSize, decay } = adamWScalars(optimizer, group, step, learningRate);
    scalars.epsilon = epsilon;
    scalars[`stepSize/${i}`] = stepSize;
    if (decay !== undefined) scalars[`decay/${i}`] = decay;
  });
  return scalars;
}
