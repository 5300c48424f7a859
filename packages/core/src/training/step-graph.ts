import { gradient } from "../engine/autodiff/index.js";
import { buildGraph, type Graph } from "../engine/graph/graph.js";
import { add, mul, sub } from "../engine/graph/operations.js";
import { input } from "../engine/graph/trace.js";
import type { Value, ValueOf } from "../engine/graph/value.js";
import type { Shape } from "../engine/tensor/shape.js";
import type { HostTensor, HostTensorRecord } from "../engine/tensor/tensor.js";
import type { Model, Parameters } from "../models/model.js";
import { type DiffusionProcess, diffusionForcingLoss, type LossOptions } from "../process/loss.js";
import { adamW, type CompleteAdamWOptions, clipByNorm, globalNorm } from "./optimizer.js";
import { parameterPacks } from "./parameter-packs.js";

/** The groups of tensors that a training step reads and writes. */
export const stateGroups = ["parameters", "first", "second", "average"] as const;
export type StateGroup = (typeof stateGroups)[number];

/** A training state's tensors by group and parameter name; `average` only if one is kept. */
export type StateTensors = Readonly<Partial<Record<StateGroup, HostTensorRecord>>>;

export interface StepGraphOptions {
  readonly optimizer: CompleteAdamWOptions;
  /** Largest global gradient norm; undefined leaves gradients as they are. */
  readonly clipNorm: number | undefined;
  /** Decay of the exponential moving average of the parameters; undefined keeps none. */
  readonly averageDecay: number | undefined;
  readonly loss?: LossOptions;
}

export interface BatchShapes {
  /** [B, T, ...tokenShape] */
  readonly tokens: Shape;
  /** Shape of the further weights, broadcastable to [B, T, ...tokenShape]. */
  readonly elementWeights?: Shape;
  /** [B, T, D] */
  readonly condition?: Shape;
}

/** A state as the step graph's inputs: small parameters packed (see {@link parameterPacks}), named `group/pack`. */
export function packState(model: Model, state: StateTensors): Record<string, HostTensor> {
  const packs = parameterPacks(model.parameters);
  const entries = Object.entries(state).flatMap(([group, tensors]) =>
    Object.entries(packs.packTensors(tensors)).map(([pack, tensor]) => [`${group}/${pack}`, tensor] as const),
  );
  return Object.fromEntries(entries);
}

/** The reverse of {@link packState}, for the groups given; copies. */
export function unpackState(
  model: Model,
  groups: readonly StateGroup[],
  packed: HostTensorRecord,
): Record<StateGroup, Record<string, HostTensor>> {
  const packs = parameterPacks(model.parameters);
  const entries = groups.map((group) => {
    const own = Object.keys(packs.shapes).map((pack) => [pack, packed[`${group}/${pack}`] as HostTensor] as const);
    return [group, packs.unpackTensors(Object.fromEntries(own))] as const;
  });
  return Object.fromEntries(entries) as Record<StateGroup, Record<string, HostTensor>>;
}

/**
 * One whole training step as a graph: noising, forward, loss, backward, clipping, AdamW, moving average.
 *
 * Inputs: the state (`parameters/...`, `first/...`, `second/...`, `average/...`, see {@link packState}), the batch
 * (`tokens` [B, T, ...tokenShape], `noiseLevels` int32 [B, T], `noise` [B, T, ...tokenShape], and `elementWeights`, `condition` if the batch has them) and the
 * scalars `decay`, `stepSize`, `epsilon`. Outputs: the new state under the same names, `loss`, `gradientNorm`
 * (with clipping).
 */
export function trainingStepGraph(process: DiffusionProcess, options: StepGraphOptions, shapes: BatchShapes): Graph {
  const declared: ValueOf<"input">[] = [];
  const declare = (name: string, shape: Shape, dtype: "float32" | "int32" = "float32"): Value => {
    const value = input(name, { dtype, shape });
    declared.push(value);
    return value;
  };
  const packs = parameterPacks(process.model.parameters);
  const stateOf = (group: StateGroup): Parameters =>
    Object.fromEntries(Object.entries(packs.shapes).map(([pack, shape]) => [pack, declare(`${group}/${pack}`, shape)]));
  const packed = stateOf("parameters");
  const moments = { first: stateOf("first"), second: stateOf("second") };
  const parameters = packs.unpack(packed);
  const scalars = { decay: declare("decay", []), stepSize: declare("stepSize", []), epsilon: declare("epsilon", []) };
  const batch = {
    tokens: declare("tokens", shapes.tokens),
    noiseLevels: declare("noiseLevels", shapes.tokens.slice(0, 2), "int32"),
    noise: declare("noise", shapes.tokens),
    ...(shapes.condition === undefined ? {} : { condition: declare("condition", shapes.condition) }),
    ...(shapes.elementWeights === undefined
      ? {}
      : { elementWeights: declare("elementWeights", shapes.elementWeights) }),
  };
  const { loss } = diffusionForcingLoss(process, parameters, batch, options.loss);

  const slopes = gradient(loss, Object.values(parameters));
  const names = Object.keys(parameters);
  let gradients = packs.pack(Object.fromEntries(names.map((name, i) => [name, slopes[i] as Value])));
  const outputs: Record<string, Value> = { loss };
  if (options.clipNorm !== undefined) {
    outputs.gradientNorm = globalNorm(gradients);
    gradients = clipByNorm(gradients, outputs.gradientNorm, options.clipNorm);
  }
  const keep = (group: StateGroup, tensors: Parameters): void => {
    for (const [pack, value] of Object.entries(tensors)) outputs[`${group}/${pack}`] = value;
  };
  const updated = adamW(options.optimizer, packed, gradients, moments, scalars);
  for (const group of ["parameters", "first", "second"] as const) keep(group, updated[group]);
  if (options.averageDecay !== undefined) {
    keep("average", movingAverage(stateOf("average"), updated.parameters, options.averageDecay));
  }
  return buildGraph(declared, outputs);
}

/** a + (p - a) (1 - decay), for each tensor. */
function movingAverage(average: Parameters, parameters: Parameters, decay: number): Record<string, Value> {
  const entries = Object.entries(average).map(([name, kept]) => {
    const step = mul(sub(parameters[name] as Value, kept), 1 - decay);
    return [name, add(kept, step)] as const;
  });
  return Object.fromEntries(entries);
}
