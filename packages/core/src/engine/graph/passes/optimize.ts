import { checkGraph, type Graph } from "../graph.js";
import { simplifyAlgebra } from "./algebraic-identities.js";
import { mergeCommonSubexpressions } from "./common-subexpressions.js";
import { foldConstants } from "./constant-folding.js";
import { eliminateDeadCode } from "./dead-code.js";

/** Each works on what the others left; each, run twice, changes nothing the second time. */
const passes: readonly ((graph: Graph) => Graph)[] = [simplifyAlgebra, foldConstants, mergeCommonSubexpressions];

/** Graphs settle in two or three rounds; the bound is for graphs nobody has seen yet. */
const MAXIMUM_ROUNDS = 8;

/**
 * Rewrites a graph into a cheaper one of the same inputs, outputs and values. Composites are left whole. Values
 * may differ from the original's in the last bits where scalar factors were merged, and in the sign of a zero.
 */
export function optimize(graph: Graph): Graph {
  const work = passByPass(graph);
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
  }
}

/**
 * As {@link optimize}, awaiting `breathe` between passes: a large graph takes longer than timers, frames and aborts
 * should wait.
 */
export async function optimizeInTurns(graph: Graph, breathe: () => Promise<void>): Promise<Graph> {
  const work = passByPass(graph);
  for (;;) {
    const { done, value } = work.next();
    if (done) return value;
    await breathe();
  }
}

function* passByPass(graph: Graph): Generator<undefined, Graph> {
  checkGraph("optimize", graph);
  let current = eliminateDeadCode(graph);
  let settled = 0; // How many passes in a row are known to leave `current` as it is.
  for (let i = 0; settled < passes.length && i < MAXIMUM_ROUNDS * passes.length; i++) {
    const next = (passes[i % passes.length] as (typeof passes)[number])(current);
    settled = next === current ? settled + 1 : 1;
    current = next;
    yield;
  }
  return current;
}
