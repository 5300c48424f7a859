import { add, constant, matmul, maximum, sub, sum } from "../../engine/graph/operations.js";
import { tensor } from "../../engine/tensor/tensor.js";
import type { CpHead } from "../../models/cp-head.js";
import type { Model } from "../../models/model.js";

/** What a head says of the next symbols: the terms' weights [r], and each term's probabilities of each symbol [r][n][V]. */
export interface NextSymbols {
  readonly weights: readonly number[];
  readonly symbols: readonly (readonly (readonly number[])[])[];
}

/**
 * A causal model of symbols that looks at the last one alone and says what stands in a table, by a head.
 *
 * @param first before any symbol.
 * @param after each symbol, V of them.
 */
export function symbolChain(head: CpHead, first: NextSymbols, after: readonly NextSymbols[]): Model {
  const logits = ({ weights, symbols }: NextSymbols): number[] =>
    [...weights, ...symbols.flat(2)].map((share) => Math.log(Math.max(share, 1e-20)));
  const table = (rows: readonly NextSymbols[]) => constant(tensor(rows.flatMap(logits), [rows.length, head.outputs]));
  return {
    config: { kind: "symbol-chain", causal: true },
    tokenShape: [head.categories],
    outputShape: [head.outputs],
    conditionFeatures: 0,
    parameters: {},
    apply(_, { tokens }) {
      const seen = maximum(tokens, 0);
      return add(matmul(seen, table(after)), matmul(sub(1, sum(seen, -1, true)), table([first])));
    },
  };
}
