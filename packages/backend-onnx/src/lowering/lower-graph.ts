import { formatType, type Graph, type HostTensorRecord, type Value } from "@diffusion-forcing/core";
import type { OnnxModel, OnnxValueInfo } from "../proto/model.js";
import type { Lowering } from "./lowering.js";
import { ModelBuilder } from "./model-builder.js";
import { peepholes } from "./peepholes/index.js";
import { prune } from "./prune.js";
import { lowerByRule } from "./rules.js";

export interface LowerOptions {
  /** Graph inputs that become initialisers. */
  readonly constants: HostTensorRecord;
  readonly portable: boolean;
  readonly name: string;
  readonly metadata: Readonly<Record<string, string>>;
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
  const builder = new ModelBuilder();
  const names = emitNodes(graph, builder, options.portable);
  const outputNames = nameOutputs(graph, builder, names);
  for (const { attributes } of graph.inputs) {
    const baked = options.constants[attributes.name];
    if (baked !== undefined) builder.named(attributes.name, baked.data, baked.dtype, baked.shape);
  }
  const { nodes, initializers } = prune(builder, outputNames.values());
  const inputs = graph.inputs
    .filter(({ attributes }) => options.constants[attributes.name] === undefined)
    .map((value) => valueInfo(value.attributes.name, value));
  const outputs = Object.entries(graph.outputs).map(([name, value]) =>
    valueInfo(outputNames.get(name) as string, value),
  );
  const operatorSets = [{ domain: "", version: STANDARD_VERSION }];
  if (nodes.some((node) => node.domain !== "")) operatorSets.push({ domain: "com.microsoft", version: 1 });
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

function emitNodes(graph: Graph, builder: ModelBuilder, portable: boolean): Map<Value, string> {
  const names = new Map<Value, string>();
  const uses = countUses(graph);
  const memo = new Map<string, unknown>();
  const nameOf = (value: Value): string => names.get(value) as string;
  const lowering: Lowering = {
    builder,
    portable,
    nameOf,
    operands: (node) => node.inputs.map(nameOf),
    usesOf: (value) => uses.get(value) ?? 0,
    once: <T>(key: string, make: () => T): T => {
      if (!memo.has(key)) memo.set(key, make());
      return memo.get(key) as T;
    },
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

function countUses(graph: Graph): Map<Value, number> {
  const uses = new Map<Value, number>();
  const use = (value: Value): void => void uses.set(value, (uses.get(value) ?? 0) + 1);
  for (const node of graph.nodes) node.inputs.forEach(use);
  Object.values(graph.outputs).forEach(use);
  return uses;
}

/** Gives each output its name by an Identity node, which runtimes remove. ONNX wants all names of a graph distinct. */
function nameOutputs(graph: Graph, builder: ModelBuilder, names: ReadonlyMap<Value, string>): Map<string, string> {
  const taken = new Set(graph.inputs.map(({ attributes }) => attributes.name));
  const outputNames = new Map<string, string>();
  for (const [name, value] of Object.entries(graph.outputs)) {
    let free = name;
    while (taken.has(free)) free += ".next";
    taken.add(free);
    outputNames.set(name, free);
    builder.setOrigin(`output ${name}`);
    builder.identity(names.get(value) as string, free);
  }
  return outputNames;
}

function valueInfo(name: string, { dtype, shape }: Value): OnnxValueInfo {
  return { name, elementType: dtype, shape };
}
