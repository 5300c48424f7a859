import {
  add,
  broadcastTo,
  concat,
  constant,
  gather,
  gelu,
  mul,
  reshape,
  sigmoid,
  slice,
  sub,
  tanh,
} from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import { zeros } from "../../engine/tensor/tensor.js";
import type { MemoryValues, Model, ModelInput, ModelMemory } from "../model.js";
import { type Scope, scopeOf } from "../scope.js";
import { sinusoidTable } from "../sinusoid.js";
import { completeConfig, type RecurrentConfig, type RecurrentOptions } from "./config.js";
import { type PerceptronLayer, parameterSpecs, perceptronsOf } from "./parameters.js";

/**
 * The recurrent latent model of the Diffusion Forcing paper (Chen et al. 2024, section 3.2 and appendix):
 * z_t = p(z_t | z_{t-1}, x_t, k_t), a state that reads each token at its own noise level k_t, and a
 * linear prediction from z_t. Reading a clean token is a Bayesian update; reading pure noise is a step of the prior.
 *
 * With h = [z, x, embedding of k, embedding of the condition]: perceptron, GRU cells in a row (each has its piece of
 * the state and takes what the one before gives; without cells the perceptrons make the next state by themselves),
 * perceptron. `apply` is `memory.advance` from the initial state, so differentiating it is backpropagation through
 * time, without truncation. A learned initial state starts at zero, so that it begins like a model without one.
 *
 * @throws `invalid-config`
 */
export function recurrent(
  options: RecurrentOptions,
): Model & { readonly config: RecurrentConfig; readonly memory: ModelMemory } {
  const config = completeConfig(options);
  const { features, conditionFeatures, stateSize } = config;
  const memory: ModelMemory = {
    types: ({ batch }) => ({ state: { dtype: "float32", shape: [batch, stateSize] } }),
    initial: (parameters, { batch }) => {
      const state = parameters.initialState ?? constant(zeros("float32", [stateSize]));
      return { state: broadcastTo(reshape(state, [1, stateSize]), [batch, stateSize]) };
    },
    advance: (parameters, before, chunk) => advance(config, scopeOf(parameters), before, chunk),
  };
  return {
    config,
    tokenShape: [features],
    conditionFeatures,
    parameters: parameterSpecs(config),
    memory,
    apply: (parameters, input) => {
      const batch = input.tokens.shape[0] as number;
      return memory.advance(parameters, memory.initial(parameters, { batch, tokens: 1 }), input).output;
    },
  };
}

function advance(
  config: RecurrentConfig,
  scope: Scope,
  before: MemoryValues,
  chunk: ModelInput,
): { output: Value; memory: MemoryValues } {
  const [batch, length] = chunk.tokens.shape as [number, number, number];
  const embedded = embed(config, scope, chunk);
  let state = before.state as Value;
  const states = Array.from({ length }, (_, t) => {
    state = nextState(config, scope, state, reshape(slice(embedded, 1, t, t + 1), [batch, -1]));
    return reshape(state, [batch, 1, config.stateSize]);
  });
  const all = concat(states, 1);
  chunk.tap?.("state", all);
  return { output: scope.linear("output", all), memory: { state } };
}

/** What is known of each token apart from the state: [B, T, C + width (+ width)]. */
function embed({ width }: RecurrentConfig, scope: Scope, input: ModelInput): Value {
  const { tokens, noiseLevels, levelCount, condition } = input;
  // Row k embeds level k - 1, as published weights count levels.
  const sinusoids = gather(constant(sinusoidTable(-1, levelCount + 1, width)), noiseLevels);
  const perceptron = (name: string, x: Value): Value => scope.linear(`${name}2`, gelu(scope.linear(`${name}1`, x)));
  const given = condition === undefined ? [] : [perceptron("condition", condition)];
  return concat([tokens, perceptron("level", sinusoids), ...given], 2);
}

/** The state [B, Z] after reading `token` [B, ...]. */
function nextState(config: RecurrentConfig, scope: Scope, state: Value, token: Value): Value {
  const { before, after } = perceptronsOf(config);
  let x = perceptron(scope, before, concat([state, token], 1));
  if (config.cells === 0) return perceptron(scope, after, x);
  const size = config.stateSize / config.cells;
  const pieces: Value[] = [];
  for (let i = 0; i < config.cells; i++) {
    x = gruCell(scope.within(`cells.${i}`), x, slice(state, 1, i * size, (i + 1) * size));
    pieces.push(x);
  }
  return perceptron(scope, after, concat(pieces, 1));
}

function perceptron(scope: Scope, layers: readonly PerceptronLayer[], input: Value): Value {
  let x = input;
  for (const { name, kind } of layers) {
    if (kind === "linear") {
      x = scope.linear(name, x);
    } else {
      const block = scope.within(name);
      const shortcut = block.has("shortcut.weight") ? block.linear("shortcut", x) : x;
      x = gelu(add(shortcut, block.linear("linear2", gelu(block.linear("linear1", x)))));
    }
  }
  return x;
}

/** A gated recurrent unit (Cho et al. 2014, in PyTorch's form, whose reset gate acts after the matrix product). */
function gruCell(scope: Scope, x: Value, h: Value): Value {
  const size = h.shape[1] as number;
  const [fromInput, fromState] = [scope.linear("input", x), scope.linear("state", h)];
  const part = (value: Value, i: number): Value => slice(value, 1, i * size, (i + 1) * size);
  const gate = (i: number): Value => sigmoid(add(part(fromInput, i), part(fromState, i)));
  const [reset, update] = [gate(0), gate(1)];
  const candidate = tanh(add(part(fromInput, 2), mul(reset, part(fromState, 2))));
  return add(mul(sub(1, update), candidate), mul(update, h));
}
