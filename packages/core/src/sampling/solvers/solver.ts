import { describe } from "../../engine/describe.js";
import { DiffusionForcingError } from "../../engine/errors.js";
import type { TensorType, Value } from "../../engine/graph/value.js";
import type { Estimate, NoiseProcess } from "../../process/process.js";

/**
 * The model's prediction as solvers take it: stabilised, combined, limited and guided already, whatever of that was
 * asked for.
 *
 * @param x tokens, float32 [B, T, ...].
 * @param levels int32 [B, T], 0..K; tokens at level 0 are known.
 */
export type Predict = (x: Value, levels: Value) => Estimate;

/** What a multistep solver remembers between steps, by name. */
export type SolverMemory = Readonly<Record<string, Value>>;

export interface SolverStep {
  readonly process: NoiseProcess;
  readonly predict: Predict;
  /** [B, T, ...] */
  readonly x: Value;
  /** Each token's level before and after the step, int32 [B, T]; `to` at most `from`. */
  readonly from: Value;
  readonly to: Value;
  /** Standard normal, limited, [B, T, ...]: as many as {@link Solver.draws}. */
  readonly noise: readonly Value[];
  /** Of the types that {@link Solver.memory} gives; empty for a solver without one. */
  readonly memory: SolverMemory;
}

/** The normal law of a random step, apart from its noise: x' = mean + deviation z with z standard normal. */
export interface StepKernel {
  /** [B, T, ...] */
  readonly mean: Value;
  /** [B, T, 1, ...], the same whatever the estimate; 0 for a token that reaches level 0. */
  readonly deviation: Value;
}

/** The steps of a graph are unrolled with all their draws; no solver comes near. */
const MOST_DRAWS = 64;

/** The draws of fresh noise that a solver's step takes. @throws `invalid-argument` */
export function drawsOf({ draws, config }: Solver, process: NoiseProcess): number {
  const count = typeof draws === "number" ? draws : draws(process);
  if (Number.isSafeInteger(count) && count >= 0 && count <= MOST_DRAWS) return count;
  throw new DiffusionForcingError(
    "invalid-argument",
    `The solver ${describe(config.kind)} takes ${describe(count)} draws a step; expected a whole number from 0 to ${MOST_DRAWS}.`,
  );
}

/**
 * How a step is taken: every token from its own level to its own next one. What a solver returns for a token whose level
 * stays means nothing; the sampler keeps such tokens, and their memory, as they are.
 */
export interface Solver {
  /** Name and settings, as JSON. */
  readonly config: { readonly kind: string } & Readonly<Record<string, unknown>>;
  /** How many draws of fresh noise a step takes, perhaps by the process; 0 for a deterministic solver. */
  readonly draws: number | ((process: NoiseProcess) => number);
  /** How often a step asks for a prediction. */
  readonly evaluations: number;
  /** Whether only processes with a Gaussian path can be solved. */
  readonly needsPath: boolean;
  /**
   * What the solver remembers of tokens [B, T, ...]: tensors whose first axes are [B, T], all zero before a token's first
   * step. Absent: nothing.
   */
  memory?(tokens: TensorType): Readonly<Record<string, TensorType>>;
  /**
   * Present if a step is one normal draw around a mean that the prediction gives: what speculative sampling couples.
   * Undefined for settings, or a process, under which it is not.
   */
  law?(step: Omit<SolverStep, "noise" | "memory">): StepKernel | undefined;
  step(step: SolverStep): { readonly x: Value; readonly memory?: SolverMemory };
}
