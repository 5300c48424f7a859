import type { Graph } from "../graph.js";
import { simplifyAlgebra } from "./algebraic-identities.js";
import { mergeCommonSubexpressions } from "./common-subexpressions.js";
import { foldConstants } from "./constant-folding.js";
import { eliminateDeadCode } from "./dead-code.js";

/** Each round only follows up on what the round before opened; graphs settle in two or three. */
const MAXIMUM_ROUNDS = 8;

/**
 * Rewrites a graph into a cheaper one of the same inputs, outputs and values. Composites are left whole. Values
 * may differ from the original's in the last bits where scalar factors were merged, and in the sign of a zero.
 */
export function optimize(graph: Graph): Graph {
  let current = eliminateDeadCode(graph);
  for (let round = 0; round < MAXIMUM_ROUNDS; round++) {
    const next = mergeCommonSubexpressions(foldConstants(simplifyAlgebra(current)));
    if (next === current) break;
    current = next;
  }
  return current;
}
