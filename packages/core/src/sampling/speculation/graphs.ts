import type { Diffusion } from "../../diffusion/diffusion.js";
import { buildGraph, type Graph } from "../../engine/graph/graph.js";
import { add, concat, equal, mul, reshape, slice, where } from "../../engine/graph/operations.js";
import type { TensorType, Value } from "../../engine/graph/value.js";
import { perToken } from "../../process/tables.js";
import { predict } from "../predict.js";
import type { Predict, StepKernel } from "../solvers/solver.js";
import { noiseNeeds, WalkInputs, type WalkOptions } from "../walk-inputs.js";

/** What graphs of speculation are compiled for. */
export interface SpeculationShape {
  readonly batch: number;
  /** T */
  readonly length: number;
  /** L: steps drafted, or states looked at for each sample. */
  readonly steps: number;
  /** Types of the model's memory for one view of the past, of `batch` samples. */
  readonly memory?: Readonly<Record<string, TensorType>>;
}

/**
 * The law of one step from each of `steps` states of every sample, in one run of the model. Sequence i is state
 * i / B of sample i mod B.
 *
 * Inputs: those of a walk, for steps * B sequences: `x`, `from` and `to` int32 [steps * B, T], `futureNoise` and so on.
 * Outputs: `clean`, the estimate, and `mean`, [steps * B, T, ...].
 */
export function kernelGraph(diffusion: Diffusion, options: WalkOptions, shape: SpeculationShape): Graph {
  const { model, process } = diffusion;
  const inputs = new WalkInputs(diffusion);
  const batch = shape.batch * shape.steps;
  const sequence = [batch, shape.length, ...model.tokenShape];
  const x = inputs.float("x", ...sequence);
  const level = (name: string): Value => inputs.declare(name, { dtype: "int32", shape: sequence.slice(0, 2) });
  const [from, to] = [level("from"), level("to")];
  const { futures } = noiseNeeds(options, process);
  const futureNoise = futures > 1 ? { futureNoise: inputs.float("futureNoise", futures, ...sequence) } : {};
  const { fixed, network } = inputs.steered(options, { ...shape, batch });
  let clean = x;
  const { mean } = lawOf(options, diffusion, x, from, to, (tokens, told) => {
    const estimate = predict(process, network, options, { ...fixed, ...futureNoise }, tokens, told);
    ({ clean } = estimate);
    return estimate;
  });
  return buildGraph(inputs.declared, { clean: mul(clean, 1), mean });
}

/**
 * Drafts: `steps` steps in a row from the states `x`, by a model or by a fixed estimate `clean`.
 *
 * Inputs: `x` and, without a model, `clean`, [B, T, ...]; `levels` int32 [steps + 1, B, T]; `noise` [steps, B, T, ...];
 * `known` [steps, B, T, ...] and `isKnown` int32 [steps, B, T]: values after each step that need no draft, where `isKnown`
 * is 1; a walk's own with a model. Outputs: `states` after each step and the `means` they were drawn around,
 * [steps, B, T, ...], and `deviations` [steps, B, T].
 */
export function draftGraph(
  diffusion: Diffusion,
  options: WalkOptions,
  shape: SpeculationShape,
  isFrozen: boolean,
): Graph {
  const { model, process } = diffusion;
  const { batch, length, steps } = shape;
  const inputs = isFrozen
    ? new WalkInputs({ ...diffusion, model: { ...model, parameters: {} } })
    : new WalkInputs(diffusion);
  const sequence = [batch, length, ...model.tokenShape];
  const start = inputs.float("x", ...sequence);
  const levels = inputs.declare("levels", { dtype: "int32", shape: [steps + 1, batch, length] });
  const noise = inputs.float("noise", steps, ...sequence);
  const known = inputs.float("known", steps, ...sequence);
  const isKnown = inputs.declare("isKnown", { dtype: "int32", shape: [steps, batch, length] });
  const at = (stack: Value, step: number): Value => reshape(slice(stack, 0, step, step + 1), stack.shape.slice(1));
  let estimate: Predict;
  if (isFrozen) {
    const clean = inputs.float("clean", ...sequence);
    estimate = (tokens, told) => ({ clean, noise: process.noiseOf(tokens, told, clean) });
  } else {
    const { fixed, network } = inputs.steered(options, shape);
    estimate = (tokens, told) => predict(process, network, options, fixed, tokens, told);
  }
  const drafted: Record<"states" | "means" | "deviations", Value[]> = { states: [], means: [], deviations: [] };
  let x = start;
  for (let step = 0; step < steps; step++) {
    const [from, to] = [at(levels, step), at(levels, step + 1)];
    const { mean, deviation } = lawOf(options, diffusion, x, from, to, estimate);
    const stays = reshape(equal(from, to), perToken(x));
    const drawn = where(stays, x, add(mean, mul(deviation, at(noise, step))));
    x = where(reshape(equal(at(isKnown, step), 1), perToken(x)), at(known, step), drawn);
    drafted.states.push(reshape(x, [1, ...x.shape]));
    drafted.means.push(reshape(mean, [1, ...mean.shape]));
    drafted.deviations.push(reshape(deviation, [1, batch, length]));
  }
  return buildGraph(
    inputs.declared,
    Object.fromEntries(Object.entries(drafted).map(([name, parts]) => [name, mul(concat(parts, 0), 1)])),
  );
}

function lawOf(
  options: WalkOptions,
  { process }: Diffusion,
  x: Value,
  from: Value,
  to: Value,
  estimate: Predict,
): StepKernel {
  return options.solver.law?.({ process, predict: estimate, x, from, to }) as StepKernel;
}
