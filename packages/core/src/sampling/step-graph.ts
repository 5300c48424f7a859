import { buildGraph, type Graph } from "../engine/graph/graph.js";
import { input } from "../engine/graph/trace.js";
import type { TensorType, Value, ValueOf } from "../engine/graph/value.js";
import type { Parameters } from "../models/model.js";
import type { DiffusionProcess } from "../process/loss.js";
import { ddimStep } from "./ddim.js";
import { ddpmStep } from "./ddpm.js";
import { guidanceSamples } from "./guidance.js";
import type { Prediction, SteeringOptions, StepInputs } from "./prediction.js";
import { noisesHistory } from "./scores/index.js";

/** The names under which a step graph takes parameters and guidance inputs. */
export const parameterName = (name: string): string => `parameters/${name}`;
export const guidanceInputName = (name: string): string => `guidance/${name}`;

/** How a step gets from the prediction to the next sequence. */
export type StepOptions = SteeringOptions & SolverOptions;
export type SolverOptions =
  /** Song et al. 2021; deterministic for `eta` 0, the default of `solver`. See {@link ddimStep}. */
  | { readonly solver?: "ddim"; readonly eta: number; readonly radicand?: "floor" | "official" }
  /** Ho et al. 2020, over any number of levels. See {@link ddpmStep}. */
  | { readonly solver: "ddpm"; readonly variance?: number };

/** Which noise a step takes besides its sequence. */
export function noiseInputs(options: StepOptions): { step: boolean; stabilization: boolean; history: boolean } {
  const isDdpm = options.solver === "ddpm";
  return {
    step: isDdpm || options.eta > 0,
    stabilization: isDdpm && options.stabilizationLevel > 0,
    history: options.scores !== undefined && noisesHistory(options.scores),
  };
}

/**
 * One sampling step as a graph of static shapes.
 *
 * Inputs: `parameters/...`, `x` [B, T, ...], `from` and `to` int32 [B, T], `noise` as `x` if the solver is
 * random, `stabilizationNoise` as `x` for a stabilised DDPM step,
 * `futureNoise` [N, B, T, ...] for Monte Carlo guidance over N > 1 futures, `historyNoise` as `x` for scores that noise
 * the history, `condition` [B, T, D] for a conditioned
 * model, `guidance/...`. Outputs: `x`, the sequence after the step, and with `details` also `x0` and, guided,
 * `guidanceValue` [B] and `guidanceGradient` [B, T, ...].
 */
export function samplingStepGraph(
  process: DiffusionProcess,
  options: StepOptions,
  shape: { readonly batch: number; readonly length: number },
  details = false,
): Graph {
  const { model } = process;
  const { batch, length } = shape;
  const declared: ValueOf<"input">[] = [];
  const declare = (name: string, type: TensorType): Value => {
    const value = input(name, type);
    declared.push(value);
    return value;
  };
  const float = (name: string, ...sizes: number[]): Value => declare(name, { dtype: "float32", shape: sizes });
  const parameters: Parameters = Object.fromEntries(
    Object.entries(model.parameters).map(([name, spec]) => [name, float(parameterName(name), ...spec.shape)]),
  );
  const { guidance } = options;
  const samples = guidance === undefined ? 1 : guidanceSamples(guidance);
  const guidanceTypes = Object.entries(guidance?.inputs?.(batch, length) ?? {});
  const sequence = [batch, length, ...model.tokenShape];
  const needs = noiseInputs(options);
  const optional = (needed: boolean, name: string): Record<string, Value> =>
    needed ? { [name]: float(name, ...sequence) } : {};
  const inputs: StepInputs = {
    x: float("x", ...sequence),
    from: declare("from", { dtype: "int32", shape: [batch, length] }),
    to: declare("to", { dtype: "int32", shape: [batch, length] }),
    ...optional(needs.step, "noise"),
    ...optional(needs.stabilization, "stabilizationNoise"),
    ...(samples > 1 ? { futureNoise: float("futureNoise", samples, ...sequence) } : {}),
    ...optional(needs.history, "historyNoise"),
    ...(model.conditionFeatures > 0 ? { condition: float("condition", batch, length, model.conditionFeatures) } : {}),
    guidanceInputs: Object.fromEntries(
      guidanceTypes.map(([name, type]) => [name, declare(guidanceInputName(name), type)]),
    ),
  };
  const result = takeStep(process, parameters, options, inputs);
  const outputs: Record<string, Value> = { x: result.next };
  if (details) {
    outputs.x0 = result.x0;
    if (result.guidance !== undefined) {
      outputs.guidanceValue = result.guidance.value;
      outputs.guidanceGradient = result.guidance.gradient;
    }
  }
  return buildGraph(declared, outputs);
}

function takeStep(
  process: DiffusionProcess,
  parameters: Parameters,
  options: StepOptions,
  inputs: StepInputs & { readonly noise?: Value },
): Prediction & { readonly next: Value } {
  if (options.solver !== "ddpm") return ddimStep(process, parameters, options, inputs);
  return ddpmStep(process, parameters, options, { ...inputs, noise: inputs.noise as Value });
}
