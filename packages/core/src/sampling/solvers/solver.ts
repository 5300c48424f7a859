import type { TensorType, Value } from "../../engine/graph/value.js";
import type { Estimate, NoiseProcess } from "../../process/process.js";

/**
 * The model's prediction as solvers take it: stabilised, combined, limited and guided already, whatever of that was
 * asked for.
 *
 * @param x tokens, float32 [B, T, ...].
 * @param levels int32 [B, T], 0..K.
 */
export type Predict = (x: Value, levels: Value) => Estimate;

/** What a multistep solver remembers between steps, by name; each tensor is [B, T, ...], one entry per token. */
export type SolverMemory = Readonly<Record<string, Value>>;

export interface SolverStep {
  readonly process: NoiseProcess;
  readonly predict: Predict;
  /** [B, T, ...] */
  readonly x: Value;
  /** Each token's level before and after the step, int32 [B, T]; `to` at most `from`. */
  readonly from: Value;
  readonly to: Value;
  /** Standard normal, limited, [B, T, ...]; present if the solver needs it. */
  readonly noise?: Value;
  /** Present if the solver has a memory. */
  readonly memory?: SolverMemory;
}

/**
 * How a step is taken: every token from its own level to its own next one. What a solver returns for a token whose
 * level stays means nothing; the sampler keeps such tokens as they are, and their memory.
 */
export interface Solver {
  /** Name and settings, as JSON. */
  readonly config: { readonly kind: string } & Readonly<Record<string, unknown>>;
  readonly needs: {
    /** Fresh noise in every step. */
    readonly noise: boolean;
    /** A process with a Gaussian path. */
    readonly path: boolean;
  };
  /** How often a step asks for a prediction. */
  readonly evaluations: number;
  /** The memory's tensors for tokens [B, T, ...], zero before a token's first step; absent: none. */
  memory?(tokens: TensorType): Readonly<Record<string, TensorType>>;
  step(step: SolverStep): { readonly x: Value; readonly memory?: SolverMemory };
}
