import type { Diffusion } from "../diffusion/diffusion.js";
import { buildGraph, type Graph } from "../engine/graph/graph.js";
import { equal, mul, reshape, slice, where } from "../engine/graph/operations.js";
import { input } from "../engine/graph/trace.js";
import type { TensorType, Value, ValueOf } from "../engine/graph/value.js";
import type { MemoryValues } from "../models/index.js";
import { noisesHistory } from "./guidance/combined-estimate.js";
import { guidanceSamples } from "./guidance/gradient.js";
import { afterCommit, memoryNetwork } from "./memory-network.js";
import type { Network } from "./network.js";
import { type Prediction, predict, type SteeringInputs, type SteeringOptions } from "./predict.js";
import type { Solver, SolverMemory } from "./solvers/solver.js";

/** The names under which a walk takes parameters and guidance inputs, and what loops from one walk to the next. */
export const parameterName = (name: string): string => `parameters/${name}`;
export const guidanceInputName = (name: string): string => `guidance/${name}`;
export const solverMemoryName = (name: string): string => `solver/${name}`;
export const modelMemoryName = (name: string): string => `memory/${name}`;

export interface WalkOptions extends SteeringOptions {
  readonly solver: Solver;
}

/** What a walk's graph is compiled for. */
export interface WalkShape {
  readonly batch: number;
  /** T: tokens of the sequence, or, with a memory, of the chunk after it. */
  readonly length: number;
  /** Steps in one graph; 0 only commits. */
  readonly steps: number;
  /** Types of the model's memory for one view of the past; absent: the model reads its whole sequence in every step. */
  readonly memory?: Readonly<Record<string, TensorType>>;
  /** Whether the tokens, then clean, are read into the memory at the end. */
  readonly commit?: boolean;
  /** Whether the last step's estimate, reward and gradient come out too. */
  readonly details?: boolean;
}

/** Which noise a walk takes besides its sequence. */
export function noiseNeeds(options: WalkOptions): { draws: number; futures: number; history: boolean } {
  return {
    draws: options.solver.draws,
    futures: options.guidance === undefined ? 1 : guidanceSamples(options.guidance),
    history: options.scores !== undefined && noisesHistory(options.scores),
  };
}

/** How many views of the past a memory holds, one for each term of the scores. */
export function viewCount({ scores }: SteeringOptions): number {
  return scores?.length ?? 1;
}

/**
 * Steps of a scheduling matrix as one graph of static shapes.
 *
 * Inputs: `parameters/...`; `x` [B, T, ...]; `levels` int32 [steps + 1, B, T], the rows of the matrix as noise levels;
 * `noise` [steps * draws, B, T, ...] for a random solver; `futureNoise` [steps * N, B, T, ...] for Monte Carlo guidance
 * over N > 1 futures; `historyNoise` as `x` for scores that noise the history; `condition` [B, T, D] for a conditioned
 * model; `guidance/...`; `solver/...` and `memory/...`, what solver and model remember. Outputs: `x` after the steps,
 * `solver/...`, with `commit` `memory/...`, and with `details` `clean` [B, T, ...] and, guided, `reward` [B] and
 * `rewardGradient` [B, T, ...] of the last step.
 */
export function walkGraph(diffusion: Diffusion, options: WalkOptions, shape: WalkShape): Graph {
  const { model, process } = diffusion;
  const { batch, length, steps } = shape;
  const { solver, guidance } = options;
  const declared: ValueOf<"input">[] = [];
  const declare = (name: string, type: TensorType): Value => {
    const value = input(name, type);
    declared.push(value);
    return value;
  };
  const float = (name: string, ...sizes: number[]): Value => declare(name, { dtype: "float32", shape: sizes });
  const record = (types: Readonly<Record<string, TensorType>>, nameOf: (name: string) => string) =>
    Object.fromEntries(Object.entries(types).map(([name, type]) => [name, declare(nameOf(name), type)]));

  const parameters = Object.fromEntries(
    Object.entries(model.parameters).map(([name, spec]) => [name, float(parameterName(name), ...spec.shape)]),
  );
  const sequence = [batch, length, ...model.tokenShape];
  const tokenAxes = sequence.slice(1);
  const needs = noiseNeeds(options);
  let x = float("x", ...sequence);
  const levels = steps > 0 ? declare("levels", { dtype: "int32", shape: [steps + 1, batch, length] }) : undefined;
  const noise = steps * needs.draws > 0 ? float("noise", steps * needs.draws, ...sequence) : undefined;
  const isSampled = needs.futures > 1 && steps > 0;
  const futureNoise = isSampled ? float("futureNoise", steps * needs.futures, ...sequence) : undefined;
  const fixed: SteeringInputs = {
    ...(needs.history ? { historyNoise: float("historyNoise", ...sequence) } : {}),
    ...(model.conditionFeatures > 0 ? { condition: float("condition", batch, length, model.conditionFeatures) } : {}),
    guidanceInputs: steps > 0 ? record(guidance?.inputs?.(batch, length) ?? {}, guidanceInputName) : {},
  };
  const views = viewCount(options);
  const past = shape.memory && (record(ofViews(shape.memory, views), modelMemoryName) as MemoryValues);
  let remembered: SolverMemory =
    steps > 0 ? record(solver.memory?.({ dtype: "float32", shape: sequence }) ?? {}, solverMemoryName) : {};

  const network: Network =
    past === undefined
      ? ({ tokens, levels: told, condition }) =>
          model.apply(parameters, {
            tokens,
            noiseLevels: told,
            levelCount: process.levels,
            ...(condition === undefined ? {} : { condition }),
          })
      : memoryNetwork(diffusion, parameters, past, views);

  const part = (stack: Value, first: number, count: number, ...leading: number[]): Value =>
    reshape(slice(stack, 0, first, first + count), [...leading, batch, ...tokenAxes]);
  let prediction: Prediction | undefined;
  for (let step = 0; step < steps; step++) {
    const at = (row: number): Value => reshape(slice(levels as Value, 0, row, row + 1), [batch, length]);
    const [from, to] = [at(step), at(step + 1)];
    const steering: SteeringInputs = {
      ...fixed,
      ...(futureNoise === undefined
        ? {}
        : { futureNoise: part(futureNoise, step * needs.futures, needs.futures, needs.futures) }),
    };
    const draws = Array.from({ length: needs.draws }, (_, i) => part(noise as Value, step * needs.draws + i, 1));
    const taken = solver.step({
      process,
      predict: (tokens, told) => {
        prediction = predict(process, network, options, steering, tokens, told);
        return prediction;
      },
      x,
      from,
      to,
      noise: draws,
      memory: remembered,
    });
    const stays = equal(from, to);
    const kept = (before: Value, after: Value): Value => where(spread(stays, after), before, after);
    remembered = Object.fromEntries(
      Object.entries(remembered).map(([name, before]) => [name, kept(before, taken.memory?.[name] as Value)]),
    );
    x = kept(x, taken.x);
  }

  const outputs: Record<string, Value> = { x };
  for (const [name, value] of Object.entries(remembered)) outputs[solverMemoryName(name)] = value;
  if (shape.commit && past !== undefined) {
    const after = afterCommit(diffusion, parameters, past, options, x, fixed);
    for (const [name, value] of Object.entries(after)) outputs[modelMemoryName(name)] = value;
  }
  if (shape.details && prediction !== undefined) {
    outputs.clean = prediction.clean;
    if (prediction.guidance !== undefined) {
      outputs.reward = prediction.guidance.reward;
      outputs.rewardGradient = prediction.guidance.gradient;
    }
  }
  // An output that is an input has no node of its own.
  return buildGraph(
    declared,
    Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, computed(value)])),
  );
}

/** [B, T] -> [B, T, 1, ...] to broadcast over `tokens`, [B, T, ...]. */
function spread(mask: Value, tokens: Value): Value {
  return reshape(mask, [...mask.shape, ...tokens.shape.slice(2).map(() => 1)]);
}

function computed(value: Value): Value {
  return value.op === "input" ? mul(value, 1) : value;
}

/** The types of a memory of several views, as one batch. */
export function ofViews(types: Readonly<Record<string, TensorType>>, views: number): Record<string, TensorType> {
  return Object.fromEntries(
    Object.entries(types).map(
      ([
        name,
        {
          dtype,
          shape: [batch, ...rest],
        },
      ]) => [name, { dtype, shape: [(batch as number) * views, ...rest] }],
    ),
  );
}
