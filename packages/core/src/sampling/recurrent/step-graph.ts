import { atLevel } from "../../diffusion/conversions.js";
import type { DiffusionProcess } from "../../diffusion/loss.js";
import { DiffusionForcingError } from "../../errors.js";
import { buildGraph, type Graph } from "../../graph/graph.js";
import { clamp, equal, mul, reshape, sqrt, sub, where } from "../../graph/operations.js";
import { input } from "../../graph/trace.js";
import type { TensorType, Value, ValueOf } from "../../graph/value.js";
import type { Model, Recurrence } from "../../models/model.js";
import { ddimCoefficients, ddimStep } from "../ddim.js";
import { parameterName } from "../step-graph.js";

/** A diffusion process whose model reads token by token. */
export interface RecurrentProcess extends DiffusionProcess {
  readonly model: Model & { readonly recurrence: Recurrence };
}

/** @throws `invalid-config` for a model without a recurrence. */
export function recurrentProcess(process: DiffusionProcess): RecurrentProcess {
  if (process.model.recurrence !== undefined) return process as RecurrentProcess;
  throw new DiffusionForcingError(
    "invalid-config",
    `A model of kind "${process.model.config.kind}" keeps no state from token to token; expected one that does, such as "recurrent". Sample this one with Sampler.`,
  );
}

export interface RecurrentStepOptions {
  /** As for {@link ddimStep}. */
  readonly eta: number;
  readonly stabilizationLevel: number;
  /** "official" limits what enters at level K to the process's `clipNoise`, as the paper's code does. */
  readonly compatibility?: "official";
}

/**
 * One DDIM step of one token, from a given state, as a graph of static shapes.
 *
 * Inputs: `parameters/...`, `state` [B, ...stateShape] before the token, `x` [B, 1, ...], `from` and `to` int32 [B, 1],
 * `noise` as `x` if eta > 0, `condition` [B, 1, D] for a conditioned model. Outputs: `x` after the step; `state` after
 * reading the token as it was before the step; and `x0`, the estimate of the clean token. A token with `from` = `to`
 * keeps its value: the state reads it, and that is all.
 */
export function recurrentStepGraph(process: RecurrentProcess, options: RecurrentStepOptions, batch: number): Graph {
  const { model, schedule, clipNoise } = process;
  const declared: ValueOf<"input">[] = [];
  const declare = (name: string, dtype: TensorType["dtype"], shape: readonly number[]): Value => {
    const value = input(name, { dtype, shape });
    declared.push(value);
    return value;
  };
  const token = [batch, 1, ...model.tokenShape];
  const parameters = Object.fromEntries(
    Object.entries(model.parameters).map(([name, { shape }]) => [name, declare(parameterName(name), "float32", shape)]),
  );
  const before = declare("state", "float32", [batch, ...model.recurrence.stateShape]);
  const given = declare("x", "float32", token);
  const from = declare("from", "int32", [batch, 1]);
  const to = declare("to", "int32", [batch, 1]);
  const noise = options.eta > 0 ? { noise: declare("noise", "float32", token) } : {};
  const condition =
    model.conditionFeatures > 0
      ? { condition: declare("condition", "float32", [batch, 1, model.conditionFeatures]) }
      : {};
  let x = given;
  if (options.compatibility === "official") {
    const isNoise = reshape(equal(from, schedule.levels), [batch, ...token.slice(1).map(() => 1)]);
    x = where(isNoise, clamp(given, -clipNoise, clipNoise), given);
  }
  // The model as it stands before this token: an ordinary denoiser of sequences of one token.
  let after = before;
  const standing: DiffusionProcess = {
    ...process,
    model: {
      ...model,
      apply: (weights, one) => {
        const { output, state } = model.recurrence.advance(weights, before, one);
        after = state;
        return output;
      },
    },
  };
  const result = ddimStep(standing, parameters, options, { x, from, to, ...noise, ...condition });
  return buildGraph(declared, { x: result.next, state: after, x0: result.x0 });
}

/**
 * What the paper's planner multiplies the gradient of its guidance by before it adds it to a token after the step,
 * (1 - a) - c sqrt(1 - a), a the share of signal at `from` and c the factor of the predicted noise in the step; 0 for
 * a step to level 0. (Version 1.5 subtracts from the predicted noise instead: see `guidanceFactor`.)
 *
 * @returns float32 [B, T, 1, ...] of `rank` axes.
 */
export function officialGuidanceFactor(
  process: DiffusionProcess,
  from: Value,
  to: Value,
  eta: number,
  rank: number,
): Value {
  const noiseShare = sub(1, atLevel(process.schedule.tables.alphasCumprod, from, rank));
  const { direction } = ddimCoefficients(process, from, to, eta, rank);
  const factor = sub(noiseShare, mul(direction, sqrt(noiseShare)));
  const isLast = reshape(equal(to, 0), factor.shape);
  return where(isLast, 0, factor);
}
