import { concat, slice } from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import type { Shape } from "../../engine/tensor/shape.js";
import type { ModelInput, ModelMemory } from "../../models/model.js";
import { atLevel, noiseFromX0, velocity } from "../../process/gaussian/conversions.js";
import type { Objective } from "../../process/gaussian/objective.js";
import { cosineSchedule, type NoiseSchedule } from "../../process/gaussian/schedule.js";
import type { DiffusionProcess } from "../../process/loss.js";

export interface OracleOptions {
  /** Default a cosine schedule of 1000 levels. */
  readonly schedule?: NoiseSchedule;
  /** Default "x0". */
  readonly objective?: Objective;
}

/** What a posterior mean is computed from: the tokens [B, T, C], and factors of signal and noise [B, T, 1]. */
export interface Observed {
  readonly tokens: Value;
  readonly signal: Value;
  readonly noise: Value;
}

/**
 * A process whose model has no parameters and answers the best there is, E[x0 | the noised sequence], in the terms of the
 * objective. Whatever is sampled with it has to follow the data's own law.
 */
export function exactProcess(
  tokenShape: Shape,
  posteriorMean: (observed: Observed) => Value,
  options: OracleOptions = {},
): DiffusionProcess {
  const terms = termsOf(options);
  const apply = (input: ModelInput): Value => terms.answer(input, posteriorMean(terms.observed(input)));
  return processOf(tokenShape, terms, apply);
}

/** How an exact denoiser reads token by token. */
export interface ExactReader {
  /** Shape of one sample's state. */
  readonly stateShape: Shape;
  /** The state before any token, [B, ...stateShape]. */
  initial(batch: number): Value;
  /** @returns E[x0 | this token and all before it] [B, 1, C], and the state after it. */
  advance(state: Value, observed: Observed): { readonly x0: Value; readonly state: Value };
}

/** As {@link exactProcess}, of a causal model with a state: the best there is given each token and those before it. */
export function exactRecurrentProcess(
  tokenShape: Shape,
  { stateShape, initial, advance }: ExactReader,
  options: OracleOptions = {},
): DiffusionProcess & { readonly model: { readonly memory: ModelMemory } } {
  const terms = termsOf(options);
  const memory: ModelMemory = {
    types: ({ batch }) => ({ state: { dtype: "float32", shape: [batch, ...stateShape] } }),
    initial: (_, { batch }) => ({ state: initial(batch) }),
    advance: (_, before, chunk) => {
      let state = before.state as Value;
      const at = (x: Value, t: number): Value => slice(x, 1, t, t + 1);
      const outputs = Array.from({ length: chunk.tokens.shape[1] as number }, (_, t) => {
        const one = { ...chunk, tokens: at(chunk.tokens, t), noiseLevels: at(chunk.noiseLevels, t) };
        const step = advance(state, terms.observed(one));
        ({ state } = step);
        return terms.answer(one, step.x0);
      });
      return { output: concat(outputs, 1), memory: { state } };
    },
  };
  const apply = (input: ModelInput): Value => {
    const start = memory.initial({}, { batch: input.tokens.shape[0] as number, tokens: 1 });
    return memory.advance({}, start, input).output;
  };
  const process = processOf(tokenShape, terms, apply);
  return { ...process, model: { ...process.model, memory } };
}

interface Terms {
  readonly schedule: NoiseSchedule;
  readonly objective: Objective;
  observed(input: ModelInput): Observed;
  /** x0 in the terms of the objective. */
  answer(input: ModelInput, x0: Value): Value;
}

function termsOf({ schedule = cosineSchedule(1000), objective = "x0" }: OracleOptions): Terms {
  const { sqrtAlphasCumprod, sqrtOneMinusAlphasCumprod } = schedule.tables;
  return {
    schedule,
    objective,
    observed: ({ tokens, noiseLevels }) => ({
      tokens,
      signal: atLevel(sqrtAlphasCumprod, noiseLevels, tokens.shape.length),
      noise: atLevel(sqrtOneMinusAlphasCumprod, noiseLevels, tokens.shape.length),
    }),
    answer: ({ tokens, noiseLevels }, x0) => {
      if (objective === "x0") return x0;
      const eps = noiseFromX0(schedule, tokens, noiseLevels, x0);
      return objective === "noise" ? eps : velocity(schedule, x0, noiseLevels, eps);
    },
  };
}

function processOf(
  tokenShape: Shape,
  { schedule, objective }: Terms,
  apply: (input: ModelInput) => Value,
): DiffusionProcess {
  return {
    model: {
      config: { kind: "oracle" },
      tokenShape,
      conditionFeatures: 0,
      parameters: {},
      apply: (_, input) => apply(input),
    },
    schedule,
    objective,
    lossWeighting: { kind: "uniform" },
    clipNoise: 20,
  };
}
