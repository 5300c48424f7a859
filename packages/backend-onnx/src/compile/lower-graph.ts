import { formatType, type Graph, type Value } from "@diffusion-forcing/core/graph";
import type { Lowering } from "./lowering.js";
import { ModelBuilder } from "./model-builder.js";
import { peepholes } from "./peepholes/table.js";
import type { OnnxModel, OnnxNode, OnnxValueInfo } from "./proto/model.js";
import { prune } from "./prune.js";
import { lowerByRule } from "./rules.js";
import { type Target, type TargetName, targets } from "./target.js";

export interface LowerOptions {
  readonly target: TargetName;
  readonly name: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** See {@link Lowering.channelBlock}. A model with blocks of channels runs on processors of this kind only. */
  readonly channelBlock?: number | undefined;
}

/** An ONNX model and the names its graph's outputs go by. */
export interface LoweredGraph {
  readonly model: OnnxModel;
  /** Output name of the graph -> output name of the model. They differ where an input has the same name. */
  readonly outputNames: ReadonlyMap<string, string>;
}

/** The standard operator set's version: ReduceMax with axes as an operand, LayerNormalization, ScatterND with add. */
const STANDARD_VERSION = 18;
const IR_VERSION = 8;

/** Translates a graph node by node into an ONNX model of static shapes. */
export function lowerGraph(graph: Graph, options: LowerOptions): LoweredGraph {
  const target = targets[options.target];
  return lowerLegal(target.legalize(graph), target, options);
}

function lowerLegal(graph: Graph, target: Target, options: LowerOptions): LoweredGraph {
  const builder = new ModelBuilder();
  const names = emitNodes(graph, builder, target, options.channelBlock);
  const outputNames = chooseOutputNames(graph);
  const named = nameOutputs(graph, builder, names, outputNames, target);
  const { nodes, initializers } = prune({ nodes: named, initializers: builder.initializers }, outputNames.values());
  const inputs = graph.inputs.map((value) => valueInfo(value.attributes.name, value));
  const outputs = Object.entries(graph.outputs).map(([name, value]) =>
    valueInfo(outputNames.get(name) as string, value),
  );
  const domains = new Set(nodes.map(({ domain }) => domain));
  domains.delete("");
  const operatorSets = [
    { domain: "", version: STANDARD_VERSION },
    ...[...domains].map((domain) => ({ domain, version: 1 })),
  ];
  return {
    outputNames,
    model: {
      irVersion: IR_VERSION,
      producer: "@diffusion-forcing/backend-onnx",
      operatorSets,
      metadata: options.metadata,
      graph: { name: options.name, nodes, initializers, inputs, outputs },
    },
  };
}

function emitNodes(
  graph: Graph,
  builder: ModelBuilder,
  target: Target,
  channelBlock: number | undefined,
): Map<Value, string> {
  const names = new Map<Value, string>();
  const users = collectUsers(graph);
  const outputs = new Set(Object.values(graph.outputs));
  const memo = new Map<string, unknown>();
  const nameOf = (value: Value): string => names.get(value) as string;
  const lowering: Lowering = {
    builder,
    target,
    channelBlock,
    nameOf,
    operands: (node) => node.inputs.map(nameOf),
    usersOf: (value) => users.get(value) ?? [],
    usedOnce: (value) => users.get(value)?.length === 1 && !outputs.has(value),
    once: <T>(key: string, make: () => T): T => {
      if (!memo.has(key)) memo.set(key, make());
      return memo.get(key) as T;
    },
    recall: <T>(key: string) => memo.get(key) as T | undefined,
  };
  for (const node of graph.nodes) {
    builder.setOrigin(`${node.op} ${formatType(node)}`);
    names.set(node, applyPeephole(node, lowering) ?? lowerByRule(node, lowering));
  }
  return names;
}

function applyPeephole(node: Value, lowering: Lowering): string | undefined {
  for (const peephole of peepholes) {
    const name = peephole(node, lowering);
    if (name !== undefined) return name;
  }
  return undefined;
}

/** The users of each value, once per operand that refers to it. */
function collectUsers(graph: Graph): Map<Value, Value[]> {
  const users = new Map<Value, Value[]>(graph.nodes.map((node) => [node, []]));
  for (const node of graph.nodes) for (const operand of node.inputs) users.get(operand)?.push(node);
  return users;
}

/**
 * Chooses the name of each output: its own, or with ".next" appended where an input has it, as ONNX wants all names
 * of a graph distinct.
 */
function chooseOutputNames(graph: Graph): Map<string, string> {
  const taken = new Set(graph.inputs.map(({ attributes }) => attributes.name));
  const outputNames = new Map<string, string>();
  for (const name of Object.keys(graph.outputs)) {
    let free = name;
    while (taken.has(free)) free += ".next";
    taken.add(free);
    outputNames.set(name, free);
  }
  return outputNames;
}

/**
 * Renames the values that are outputs. A value that is an output twice, an input or a constant cannot be renamed and
 * is copied instead.
 */
function nameOutputs(
  graph: Graph,
  builder: ModelBuilder,
  names: ReadonlyMap<Value, string>,
  outputNames: ReadonlyMap<string, string>,
  target: Target,
): readonly OnnxNode[] {
  const produced = new Set(builder.nodes.flatMap((node) => node.outputs));
  const renamed = new Map<string, string>();
  for (const [name, value] of Object.entries(graph.outputs)) {
    const source = names.get(value) as string;
    const copy = outputNames.get(name) as string;
    const operator = value.dtype === "bool" && !target.copiesBools ? "And" : "Identity";
    if (produced.has(source) && !renamed.has(source)) renamed.set(source, copy);
    else builder.copy(source, copy, operator);
  }
  const rename = (name: string): string => renamed.get(name) ?? name;
  return builder.nodes.map((node) => ({
    ...node,
    inputs: node.inputs.map(rename),
    outputs: node.outputs.map(rename),
  }));
}

function valueInfo(name: string, { dtype, shape }: Value): OnnxValueInfo {
  return { name, elementType: dtype, shape };
}
