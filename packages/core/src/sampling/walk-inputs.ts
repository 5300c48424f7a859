import type { Diffusion } from "../diffusion/diffusion.js";
import { input } from "../engine/graph/trace.js";
import type { TensorType, Value, ValueOf } from "../engine/graph/value.js";
import { applyModel } from "../models/apply-model.js";
import type { MemoryValues, Parameters } from "../models/index.js";
import type { NoiseProcess } from "../process/process.js";
import { noisesHistory } from "./guidance/combined-estimate.js";
import { guidanceInputTypes, guidanceSamples } from "./guidance/gradient.js";
import { memoryNetwork } from "./memory-network.js";
import type { Network } from "./network.js";
import type { SteeringInputs, SteeringOptions } from "./predict.js";
import { drawsOf, type Solver } from "./solvers/solver.js";

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
export function noiseNeeds(
  options: WalkOptions,
  process: NoiseProcess,
): { draws: number; futures: number; history: boolean } {
  return {
    draws: drawsOf(options.solver, process),
    futures: options.guidance === undefined ? 1 : guidanceSamples(options.guidance),
    history: options.scores !== undefined && noisesHistory(options.scores),
  };
}

/** How many views of the past a memory holds, one for each term of the scores. */
export function viewCount({ scores }: SteeringOptions): number {
  return scores?.length ?? 1;
}

/** What a walk's network reads and remembers. */
export interface Steered {
  /** What steers every step alike. */
  readonly fixed: SteeringInputs;
  /** The model's memory of all views, if the walk has one. */
  readonly past: MemoryValues | undefined;
  readonly network: Network;
}

/** The inputs of a graph of a walk, declared in order. */
export class WalkInputs {
  readonly declared: ValueOf<"input">[] = [];
  readonly parameters: Parameters;
  readonly #diffusion: Diffusion;

  constructor(diffusion: Diffusion) {
    this.#diffusion = diffusion;
    this.parameters = Object.fromEntries(
      Object.entries(diffusion.model.parameters).map(([name, { shape }]) => [
        name,
        this.float(parameterName(name), ...shape),
      ]),
    );
  }

  /**
   * @param shape `batch` is how many sequences there are; a memory may be of fewer, which then share it by turns: sequence
   * i has that of i mod its batch.
   */
  steered(options: WalkOptions, { batch, length, steps, memory }: WalkShape): Steered {
    const { model, process } = this.#diffusion;
    const { conditionFeatures } = model;
    const fixed: SteeringInputs = {
      ...(noiseNeeds(options, process).history
        ? { historyNoise: this.float("historyNoise", batch, length, ...model.tokenShape) }
        : {}),
      ...(conditionFeatures > 0 ? { condition: this.float("condition", batch, length, conditionFeatures) } : {}),
      guidanceInputs:
        steps > 0 ? this.record(guidanceInputTypes(options.guidance, batch, length), guidanceInputName) : {},
    };
    const views = viewCount(options);
    const past = memory && this.record(ofViews(memory, views), modelMemoryName);
    const network: Network =
      past === undefined
        ? ({ tokens, levels: told, condition }) =>
            applyModel(model, this.parameters, {
              tokens,
              noiseLevels: told,
              levelCount: process.levels,
              ...(condition === undefined ? {} : { condition }),
            })
        : memoryNetwork(this.#diffusion, this.parameters, past, views);
    return { fixed, past, network };
  }

  readonly declare = (name: string, type: TensorType): Value => {
    const value = input(name, type);
    this.declared.push(value);
    return value;
  };

  readonly float = (name: string, ...sizes: readonly number[]): Value =>
    this.declare(name, { dtype: "float32", shape: sizes });

  record(types: Readonly<Record<string, TensorType>>, nameOf: (name: string) => string): Record<string, Value> {
    return Object.fromEntries(Object.entries(types).map(([name, type]) => [name, this.declare(nameOf(name), type)]));
  }
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
