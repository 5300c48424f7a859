import { DiffusionForcingError } from "../../engine/errors.js";
import { buildGraph, type Graph } from "../../engine/graph/graph.js";
import { add, clamp, equal, mul, reshape, where } from "../../engine/graph/operations.js";
import { input } from "../../engine/graph/trace.js";
import type { TensorType, Value, ValueOf } from "../../engine/graph/value.js";
import type { Shape } from "../../engine/tensor/shape.js";
import { memoryOf, repeatMemory } from "../../models/memory.js";
import type { Model, ModelInput, ModelMemory, Parameters } from "../../models/model.js";
import type { DiffusionProcess } from "../../process/loss.js";
import { type DdimResult, ddimStep } from "../ddim.js";
import { type Guidance, guidanceGradient, guidanceSamples } from "../guidance.js";
import { denoiserOf } from "../scores/index.js";
import { guidanceInputName, parameterName } from "../step-graph.js";
import { officialGuidanceFactor } from "./official-guidance.js";

/** A diffusion process whose model reads token by token. */
export interface RecurrentProcess extends DiffusionProcess {
  readonly model: Model & { readonly memory: ModelMemory };
}

/** @throws `invalid-config` for a model without a memory, and for one that remembers more than one state. */
export function recurrentProcess(process: DiffusionProcess): RecurrentProcess {
  const memory = memoryOf(process.model);
  const names = Object.keys(memory.types({ batch: 1, tokens: 1 }));
  if (names.length === 1 && names[0] === "state") return process as RecurrentProcess;
  throw new DiffusionForcingError(
    "invalid-config",
    `A model of kind "${process.model.config.kind}" remembers ${names.length} tensors; expected one that remembers a state, such as "recurrent". Sample this one with Sampler.`,
  );
}

/** Shape of one sample's state. */
export function stateShapeOf({ model }: RecurrentProcess): Shape {
  return (model.memory.types({ batch: 1, tokens: 1 }).state as TensorType).shape.slice(1);
}

export interface RecurrentStepOptions {
  /** As for {@link ddimStep}. */
  readonly eta: number;
  readonly stabilizationLevel: number;
  /** Of the value of these tokens' estimates, differentiated through the chain of states between them. */
  readonly guidance?: Guidance;
  /**
   * "official" limits what enters at level K to the process's `clipNoise`, as the paper's code does, and adds guidance
   * as its planner does: see {@link officialGuidanceFactor}.
   */
  readonly compatibility?: "official";
}

/**
 * One DDIM step of `length` tokens that stand one after the other, from the state before the first, as a graph of static
 * shapes.
 *
 * Inputs: `parameters/...`, `state` [B, ...stateShape], `x` [B, T, ...], `from` and `to` int32 [B, T], `noise` as `x` if
 * eta > 0, `futureNoise` [N, B, T, ...] for guidance over N > 1 futures, `guidance/...`, `condition` [B, T, D] for a
 * conditioned model. Outputs: `x` after the step; `state` after reading the tokens as they were before the step; and
 * `x0`, the estimates of the clean tokens, after guidance. A token with `from` = `to` keeps its value: the state reads it,
 * and that is all.
 */
export function recurrentStepGraph(
  process: RecurrentProcess,
  options: RecurrentStepOptions,
  batch: number,
  length = 1,
): Graph {
  const { model, schedule, clipNoise } = process;
  const { guidance, compatibility } = options;
  const declared: ValueOf<"input">[] = [];
  const declare = (name: string, type: TensorType): Value => {
    const value = input(name, type);
    declared.push(value);
    return value;
  };
  const float = (name: string, ...shape: number[]): Value => declare(name, { dtype: "float32", shape });
  const tokens = [batch, length, ...model.tokenShape];
  const parameters = Object.fromEntries(
    Object.entries(model.parameters).map(([name, { shape }]) => [name, float(parameterName(name), ...shape)]),
  );
  const before = float("state", batch, ...stateShapeOf(process));
  const given = float("x", ...tokens);
  const from = declare("from", { dtype: "int32", shape: [batch, length] });
  const to = declare("to", { dtype: "int32", shape: [batch, length] });
  const samples = guidance === undefined ? 1 : guidanceSamples(guidance);
  const guidanceTypes = Object.entries(guidance?.inputs?.(batch, length) ?? {});
  const inputs = {
    from,
    to,
    ...(options.eta > 0 ? { noise: float("noise", ...tokens) } : {}),
    ...(samples > 1 ? { futureNoise: float("futureNoise", samples, ...tokens) } : {}),
    ...(model.conditionFeatures > 0 ? { condition: float("condition", batch, length, model.conditionFeatures) } : {}),
    guidanceInputs: Object.fromEntries(
      guidanceTypes.map(([name, type]) => [name, declare(guidanceInputName(name), type)]),
    ),
  };
  const standing = fromState(process, before);
  if (compatibility !== "official") {
    const { next, x0 } = ddimStep(standing.process, parameters, options, { ...inputs, x: given });
    return buildGraph(declared, { x: next, state: standing.after(), x0 });
  }
  const isNoise = reshape(equal(from, schedule.levels), [batch, length, ...model.tokenShape.map(() => 1)]);
  const x = where(isNoise, clamp(given, -clipNoise, clipNoise), given);
  const { eta, stabilizationLevel } = options;
  const result = ddimStep(standing.process, parameters, { eta, stabilizationLevel }, { ...inputs, x });
  const next =
    guidance === undefined ? result.next : officiallyGuided(process, guidance, eta, result, { ...inputs, x, given });
  return buildGraph(declared, { x: next, state: standing.after(), x0: result.x0 });
}

/**
 * The process as it stands before these tokens: an ordinary denoiser, of which `after` is the state once its first
 * sequence has been read.
 */
function fromState(process: RecurrentProcess, before: Value): { readonly process: DiffusionProcess; after(): Value } {
  const { memory } = process.model;
  let after: Value | undefined;
  const apply = (weights: Parameters, given: ModelInput): Value => {
    // Futures are further copies of the whole batch.
    const times = (given.tokens.shape[0] as number) / (before.shape[0] as number);
    const read = memory.advance(weights, repeatMemory({ state: before }, times), given);
    after ??= read.memory.state as Value;
    return read.output;
  };
  return { process: { ...process, model: { ...process.model, apply } }, after: () => after as Value };
}

interface OfficialInputs {
  readonly x: Value;
  /** As `x`, before it was limited: what the gradient is taken by. */
  readonly given: Value;
  readonly from: Value;
  readonly to: Value;
  readonly guidanceInputs: Readonly<Record<string, Value>>;
}

function officiallyGuided(
  process: DiffusionProcess,
  guidance: Guidance,
  eta: number,
  denoised: DdimResult,
  inputs: OfficialInputs,
): Value {
  const { given, from, to } = inputs;
  const { gradient } = guidanceGradient(process, denoiserOf(process, {}, undefined), guidance, {
    ...inputs,
    tokens: given,
    levels: from,
    denoised,
  });
  return add(denoised.next, mul(officialGuidanceFactor(process, from, to, eta, given.shape.length), gradient));
}
