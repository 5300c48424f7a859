import {
  broadcastTo,
  concat,
  constant,
  div,
  exp,
  log,
  matmul,
  max,
  maximum,
  mul,
  reshape,
  slice,
  sub,
  sum,
} from "../../engine/graph/operations.js";
import type { Value } from "../../engine/graph/value.js";
import { tensor } from "../../engine/tensor/tensor.js";
import type { Model } from "../../models/model.js";
import type { GaussianPath } from "../../process/process.js";
import { atLevel } from "../../process/tables.js";

/** A Markov chain over code vectors, each seen with Gaussian noise of its own level. */
interface CodeChain {
  /** K rows of D. */
  readonly codebook: readonly (readonly number[])[];
  /** [K] */
  readonly initial: readonly number[];
  /** [K][K] */
  readonly transition: readonly (readonly number[])[];
  readonly path: GaussianPath;
}

/**
 * The exact distribution of every code given all noisy ones, as a model whose outputs are logits [B, T, K]: forwards and
 * backwards through the chain.
 */
export function codeChainOracle({ codebook, initial, transition, path }: CodeChain): Model {
  const [count, width] = [codebook.length, (codebook[0] as readonly number[]).length];
  const halfSquares = codebook.map((row) => row.reduce((total, x) => total + (x * x) / 2, 0));
  // A clean token leaves no doubt; nothing is read from one at the last level, which is shown as zeros.
  const ratio = (of: (signal: number, noise: number) => number, clean: number): Float64Array =>
    path.signal.map((signal, k) =>
      k === 0 ? clean : k === path.signal.length - 1 ? 0 : of(signal, path.noise[k] as number),
    );
  const linear = ratio((signal, noise) => signal / noise ** 2, 1e4);
  const quadratic = ratio((signal, noise) => (signal / noise) ** 2, 1e4);
  const normalized = (x: Value): Value => div(x, maximum(sum(x, -1, true), 1e-30));
  return {
    config: { kind: "oracle" },
    tokenShape: [width],
    outputShape: [count],
    conditionFeatures: 0,
    parameters: {},
    apply(_, { tokens, noiseLevels }) {
      const [batch, length] = tokens.shape as [number, number, number];
      const vectors = constant(tensor(Float32Array.from(codebook.flat()), [count, width]));
      const product = mul(matmul(tokens, vectors, { transposeB: true }), atLevel(linear, noiseLevels, 3));
      const size = mul(constant(tensor(halfSquares, [count])), atLevel(quadratic, noiseLevels, 3));
      const logs = sub(product, size);
      const likelihoods = exp(sub(logs, max(logs, -1, true))); // [B, T, K]
      const of = (t: number): Value => reshape(slice(likelihoods, 1, t, t + 1), [batch, count]);
      const chain = constant(tensor(transition.flat(), [count, count]));
      const first = broadcastTo(constant(tensor([...initial], [1, count])), [batch, count]);
      const forward: Value[] = [normalized(mul(first, of(0)))];
      for (let t = 1; t < length; t++) forward.push(normalized(mul(matmul(forward[t - 1] as Value, chain), of(t))));
      const backward: Value[] = [broadcastTo(constant(1), [batch, count])];
      for (let t = length - 1; t > 0; t--) {
        backward.unshift(normalized(matmul(mul(of(t), backward[0] as Value), chain, { transposeB: true })));
      }
      const posteriors = forward.map((ahead, t) =>
        reshape(normalized(mul(ahead, backward[t] as Value)), [batch, 1, count]),
      );
      return log(maximum(concat(posteriors, 1), 1e-30));
    },
  };
}
