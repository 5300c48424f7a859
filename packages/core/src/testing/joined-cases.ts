import { buildGraph, type Graph } from "../engine/graph/graph.js";
import { opNames } from "../engine/graph/rules.js";
import { input } from "../engine/graph/trace.js";
import type { Value } from "../engine/graph/value.js";
import type { HostTensor } from "../engine/tensor/tensor.js";
import { type OpCase, opCases, type TestedOp } from "./op-cases.js";
import { applyCase, caseInputs, inferCase } from "./op-problems.js";

/** The cases under "op dtype". */
export function groupedCases(): Map<string, OpCase[]> {
  const groups = new Map<string, OpCase[]>();
  for (const op of opNames.filter((name): name is TestedOp => name !== "input")) {
    for (const operation of opCases[op] as readonly OpCase[]) {
      const name = `${op} ${(operation.operands[0] ?? inferCase(operation)).dtype}`;
      groups.set(name, [...(groups.get(name) ?? []), operation]);
    }
  }
  return groups;
}

/** One graph for many cases, so that a backend compiles once: outputs case0, case1, ... */
export function joinCases(cases: readonly OpCase[]): { graph: Graph; inputs: Record<string, HostTensor> } {
  const inputs: Record<string, HostTensor> = {};
  const declared: ReturnType<typeof input>[] = [];
  const outputs: Record<string, Value> = {};
  cases.forEach((operation, index) => {
    const operands = Object.entries(caseInputs(operation)).map(([name, value]) => {
      inputs[`${index}.${name}`] = value;
      return input(`${index}.${name}`, value);
    });
    declared.push(...operands);
    outputs[`case${index}`] = applyCase(operation, operands);
  });
  return { graph: buildGraph(declared, outputs), inputs };
}
