import { buildGraph, type Graph } from "../graph.js";

/**
 * Drops every node that no output depends on; declared inputs stay. `buildGraph` keeps only such nodes anyway:
 * this pass is for graphs put together by other means, and gives back the same graph object if there is nothing
 * to drop.
 */
export function eliminateDeadCode(graph: Graph): Graph {
  const live = buildGraph(graph.inputs, graph.outputs);
  return live.nodes.length === graph.nodes.length ? graph : live;
}
