import { gradient } from "../autodiff/index.js";
import { type DiffusionProcess, diffusionForcingLoss } from "../diffusion/loss.js";
import { buildGraph, type Graph } from "../graph/graph.js";
import { add, mul, sub } from "../graph/operations.js";
import { input } from "../graph/trace.js";
import type { Value, ValueOf } from "../graph/value.js";
import type { Parameters } from "../models/model.js";
import type { Shape } from "../tensor/shape.js";
import { adamW, type CompleteAdamWOptions, clipByNorm, globalNorm } from "./optimizer.js";
import { parameterPacks } from "./parameter-packs.js";

/** The groups of tensors that a training step reads and writes, one tensor per parameter in each. */
export const stateGroups = ["parameters", "first", "second", "average"] as const;
export type StateGroup = (typeof stateGroups)[number];

export interface StepGraphOptions {
  readonly optimizer: CompleteAdamWOptions;
  /** Largest global gradient norm; undefined leaves gradients as they are. */
  readonly clipNorm: number | undefined;
  /** Decay of the exponential moving average of the parameters; undefined keeps none. */
  readonly averageDecay: number | undefined;
}

export interface BatchShapes {
  /** [B, T, C] */
  readonly tokens: Shape;
  /** Shape of the further weights, broadcastable to [B, T, C]. */
  readonly elementWeights?: Shape;
  /** [B, T, D] */
  readonly condition?: Shape;
}

/** `parameters/layers.0.norm1.scale`: the name of a state tensor as graph input and output. */
export function stateName(group: StateGroup, parameter: string): string {
  return `${group}/${parameter}`;
}

/**
 * One whole training step as a graph: noising, forward, loss, backward, clipping, AdamW, moving average.
 *
 * Inputs: the state (`parameters/...`, `first/...`, `second/...`, `average/...`), the batch (`tokens` [B, T, C],
 * `noiseLevels` int32 [B, T], `noise` [B, T, C], and `elementWeights`, `condition` if the batch has them) and the
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
  const stateOf = (group: StateGroup): Parameters =>
    Object.fromEntries(
      Object.entries(process.model.parameters).map(([name, { shape }]) => [
        name,
        declare(stateName(group, name), shape),
      ]),
    );
  const parameters = stateOf("parameters");
  const moments = { first: stateOf("first"), second: stateOf("second") };
  const scalars = { decay: declare("decay", []), stepSize: declare("stepSize", []), epsilon: declare("epsilon", []) };
  const { loss } = diffusionForcingLoss(process, parameters, {
    tokens: declare("tokens", shapes.tokens),
    noiseLevels: declare("noiseLevels", shapes.tokens.slice(0, 2), "int32"),
    noise: declare("noise", shapes.tokens),
    ...(shapes.condition === undefined ? {} : { condition: declare("condition", shapes.condition) }),
    ...(shapes.elementWeights === undefined
      ? {}
      : { elementWeights: declare("elementWeights", shapes.elementWeights) }),
  });

  const names = Object.keys(parameters);
  const raw = gradient(loss, Object.values(parameters));
  const packs = parameterPacks(process.model.parameters);
  const keep = (group: StateGroup, packed: Parameters): void => {
    const values = packs.unpack(packed);
    for (const name of names) outputs[stateName(group, name)] = values[name] as Value;
  };
  let gradients = packs.pack(Object.fromEntries(names.map((name, i) => [name, raw[i] as Value])));
  const outputs: Record<string, Value> = { loss };
  if (options.clipNorm !== undefined) {
    outputs.gradientNorm = globalNorm(gradients);
    gradients = clipByNorm(gradients, outputs.gradientNorm, options.clipNorm);
  }
  const packedMoments = { first: packs.pack(moments.first), second: packs.pack(moments.second) };
  const updated = adamW(options.optimizer, packs.pack(parameters), gradients, packedMoments, scalars);
  for (const group of ["parameters", "first", "second"] as const) keep(group, updated[group]);
  if (options.averageDecay !== undefined) {
    keep("average", movingAverage(packs.pack(stateOf("average")), updated.parameters, options.averageDecay));
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
