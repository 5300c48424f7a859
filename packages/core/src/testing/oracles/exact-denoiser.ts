import type { Diffusion } from "../../diffusion/diffusion.js";
import { add, broadcastTo, concat, constant, div, equal, slice, sub, where } from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import type { Shape } from "../../engine/tensor/shape.js";
import type { ModelInput, ModelMemory } from "../../models/model.js";
import { cosineSchedule } from "../../process/gaussian/schedule.js";
import { variancePreserving } from "../../process/gaussian/variance-preserving.js";
import type { NoiseProcess } from "../../process/process.js";

export interface OracleOptions {
  /** Default a cosine schedule of 1000 levels, its model predicting the clean tokens, without a limit. */
  readonly process?: NoiseProcess;
}

/** What a posterior mean is computed from: the noisy tokens [B, T, C], and factors of signal and noise [B, T, 1]. */
export interface Observed {
  readonly tokens: Value;
  readonly signal: Value;
  readonly noise: Value;
}

/**
 * A diffusion whose model has no parameters and answers the best there is, E[x0 | the noised sequence], in the terms of
 * the process. Whatever is sampled with it has to follow the data's own law.
 */
export function exactDiffusion(
  tokenShape: Shape,
  posteriorMean: (observed: Observed) => Value,
  options: OracleOptions = {},
): Diffusion {
  const terms = termsOf(options);
  return diffusionOf(tokenShape, terms.process, (input) => terms.answer(input, posteriorMean(terms.observed(input))));
}

/** How an exact denoiser reads token by token; all as in `ModelMemory`. */
export interface ExactReader {
  readonly stateShape: Shape;
  initial(batch: number): Value;
  /** @returns E[x0 | this token and all before it] [B, 1, C], and the state after it. */
  advance(state: Value, observed: Observed): { readonly x0: Value; readonly state: Value };
}

/** As {@link exactDiffusion}, of a causal model with a memory: the best there is given each token and those before it. */
export function exactRecurrentDiffusion(
  tokenShape: Shape,
  { stateShape, initial, advance }: ExactReader,
  options: OracleOptions = {},
): Diffusion & { readonly model: { readonly memory: ModelMemory } } {
  const terms = termsOf(options);
  const read = (before: Value, input: ModelInput): { output: Value; state: Value } => {
    const at = (x: Value, t: number): Value => slice(x, 1, t, t + 1);
    let state = before;
    const outputs = Array.from({ length: input.tokens.shape[1] as number }, (_, t) => {
      const one = { ...input, tokens: at(input.tokens, t), noiseLevels: at(input.noiseLevels, t) };
      const step = advance(state, terms.observed(one));
      ({ state } = step);
      return terms.answer(one, step.x0);
    });
    return { output: concat(outputs, 1), state };
  };
  const memory: ModelMemory = {
    types: ({ batch }) => ({ state: { dtype: "float32", shape: [batch, ...stateShape] } }),
    initial: (_, { batch }) => ({ state: initial(batch) }),
    advance: (_, before, input) => {
      const { output, state } = read(before.state as Value, input);
      return { output, memory: { state } };
    },
  };
  const apply = (input: ModelInput): Value => read(initial(input.tokens.shape[0] as number), input).output;
  const diffusion = diffusionOf(tokenShape, terms.process, apply);
  return { ...diffusion, model: { ...diffusion.model, memory } };
}

interface Terms {
  readonly process: NoiseProcess;
  observed(input: ModelInput): Observed;
  /** x0 in the terms of what the process's model outputs. */
  answer(input: ModelInput, x0: Value): Value;
}

function termsOf(options: OracleOptions): Terms {
  const process =
    options.process ?? variancePreserving(cosineSchedule(1000), { objective: "x0", limit: { kind: "none" } });
  const filled = (value: number, like: Value): Value => broadcastTo(constant(value), [...like.shape.slice(0, 2), 1]);
  // What the process does to a number says what its factors are: the oracle knows a process by its contract only.
  const noisyOf = ({ tokens, noiseLevels }: ModelInput): Value =>
    div(tokens, process.modelInput(filled(1, tokens), noiseLevels));
  return {
    process,
    observed: (input) => {
      const { tokens, noiseLevels } = input;
      const signal = process.corrupt(filled(1, tokens), noiseLevels, filled(0, tokens));
      const noise = process.corrupt(filled(0, tokens), noiseLevels, filled(1, tokens));
      // Where a token holds neither, it says nothing, as one that is all noise.
      return { tokens: noisyOf(input), signal, noise: where(equal(add(signal, noise), 0), 1, noise) };
    },
    answer: (input, x0) => {
      const noisy = noisyOf(input);
      const at = (output: number): Value =>
        process.estimate(broadcastTo(constant(output), noisy.shape), noisy, input.noiseLevels).clean;
      const [origin, slope] = [at(0), sub(at(1), at(0))];
      const isFlat = equal(slope, 0);
      return where(isFlat, 0, div(sub(x0, origin), where(isFlat, 1, slope)));
    },
  };
}

function diffusionOf(tokenShape: Shape, process: NoiseProcess, apply: (input: ModelInput) => Value): Diffusion {
  return {
    model: {
      config: { kind: "oracle" },
      tokenShape,
      conditionFeatures: 0,
      parameters: {},
      apply: (_, input) => apply(input),
    },
    process,
    lossWeighting: { kind: "uniform" },
  };
}
