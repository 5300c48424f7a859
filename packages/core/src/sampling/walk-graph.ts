import type { Diffusion } from "../diffusion/diffusion.js";
import { describe } from "../engine/describe.js";
import { DiffusionForcingError } from "../engine/errors.js";
import { buildGraph, type Graph } from "../engine/graph/graph.js";
import { equal, mul, reshape, slice, where } from "../engine/graph/operations.js";
import type { Value } from "../engine/graph/value.js";
import { formatShape, shapesEqual } from "../engine/tensor/shape.js";
import { afterCommit } from "./memory-network.js";
import { type Prediction, predict, type SteeringInputs } from "./predict.js";
import { checkSequenceSize } from "./sequence-size.js";
import type { Solver, SolverMemory } from "./solvers/solver.js";
import {
  modelMemoryName,
  noiseNeeds,
  solverMemoryName,
  WalkInputs,
  type WalkOptions,
  type WalkShape,
} from "./walk-inputs.js";

/**
 * Steps of a scheduling matrix as one graph of static shapes.
 *
 * Inputs: `parameters/...`; `x` [B, T, ...]; `levels` int32 [steps + 1, B, T], the rows of the matrix as noise levels;
 * `noise` [steps * draws, B, T, ...] for a random solver; `futureNoise` [steps * N, B, T, ...] for Monte Carlo guidance
 * over N > 1 futures; `historyNoise` as `x` for scores that noise the history; `condition` [B, T, D] for a conditioned
 * model; `guidance/...`; `solver/...` and `memory/...`, what solver and model remember. Outputs: `x` after the steps,
 * `solver/...`, with `commit` `memory/...`, and with `details` `clean` [B, T, ...] and, guided, `reward` [B] and
 * `rewardGradient` [B, T, ...] of the last step.
 *
 * @throws `invalid-argument` for more sequences, or longer ones, than can be walked at once
 */
export function walkGraph(diffusion: Diffusion, options: WalkOptions, shape: WalkShape): Graph {
  const { model, process } = diffusion;
  const { batch, length, steps } = shape;
  const { solver } = options;
  checkSequenceSize("walkGraph", model, batch, length);
  const inputs = new WalkInputs(diffusion);
  const { declare, float } = inputs;
  const sequence = [batch, length, ...model.tokenShape];
  const tokenAxes = sequence.slice(1);
  const needs = noiseNeeds(options, process);
  let x = float("x", ...sequence);
  const levels = steps > 0 ? declare("levels", { dtype: "int32", shape: [steps + 1, batch, length] }) : undefined;
  const noise = steps * needs.draws > 0 ? float("noise", steps * needs.draws, ...sequence) : undefined;
  const isSampled = needs.futures > 1 && steps > 0;
  const futureNoise = isSampled ? float("futureNoise", steps * needs.futures, ...sequence) : undefined;
  const { fixed, past, network } = inputs.steered(options, shape);
  let remembered: SolverMemory =
    steps > 0 ? inputs.record(solver.memory?.({ dtype: "float32", shape: sequence }) ?? {}, solverMemoryName) : {};

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
    checkTaken(solver, x, remembered, taken);
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
    const after = afterCommit(diffusion, inputs.parameters, past, options, x, fixed);
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
    inputs.declared,
    Object.fromEntries(Object.entries(outputs).map(([name, value]) => [name, computed(value)])),
  );
}

/** A solver may be a user's. @throws `invalid-argument` unless a step gave tokens, and all of its memory */
function checkTaken(solver: Solver, x: Value, remembered: SolverMemory, taken: ReturnType<Solver["step"]>): void {
  const refuse = (found: unknown, expected: string): never => {
    throw new DiffusionForcingError(
      "invalid-argument",
      `A step of the solver ${solver.config.kind} gave ${describe(found)}; expected an object with ${expected}.`,
    );
  };
  const shape = (taken?.x as Value | undefined)?.shape;
  if (shape === undefined || !shapesEqual(shape, x.shape)) refuse(taken?.x, `x ${formatShape(x.shape)}`);
  const missing = Object.keys(remembered).find((name) => taken.memory?.[name] === undefined);
  if (missing !== undefined) refuse(taken.memory, `the memory "${missing}"`);
}

/** [B, T] -> [B, T, 1, ...] to broadcast over `tokens`, [B, T, ...]. */
function spread(mask: Value, tokens: Value): Value {
  return reshape(mask, [...mask.shape, ...tokens.shape.slice(2).map(() => 1)]);
}

function computed(value: Value): Value {
  return value.op === "input" ? mul(value, 1) : value;
}
