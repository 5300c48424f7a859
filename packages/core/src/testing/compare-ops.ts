import type { Backend } from "../engine/backend/contract.js";
import { evaluateGraph } from "../engine/reference/index.js";
import { relativeDifference } from "../engine/tensor/relative-difference.js";
import { groupedCases, joinCases } from "./joined-cases.js";
import type { TestedOp } from "./op-cases.js";
import { runOnce } from "./run.js";

/**
 * For every op, its cases' largest difference from the reference, relative to each result's largest value. An op that
 * fails has the difference Infinity.
 */
export async function compareOps(backend: Backend): Promise<Record<TestedOp, number>> {
  const differences = new Map<TestedOp, number>();
  for (const cases of groupedCases().values()) {
    const op = (cases[0] as (typeof cases)[number]).op as TestedOp;
    const { graph, inputs } = joinCases(cases);
    const expected = Object.entries(evaluateGraph(graph, inputs));
    const actual = await runOnce(backend, graph, inputs).catch(() => undefined);
    const found = expected.map(([name, { data }]) => relativeDifference(actual?.[name]?.data ?? [], data));
    // An empty result, which an op may have, cannot tell a failed run.
    if (actual === undefined) found.push(Number.POSITIVE_INFINITY);
    differences.set(op, Math.max(differences.get(op) ?? 0, ...found));
  }
  return Object.fromEntries(differences) as Record<TestedOp, number>;
}
