import type { DType, Shape, TensorData } from "@diffusion-forcing/core/graph";
import {
  elementTypes,
  type OnnxAttributes,
  type OnnxElementType,
  type OnnxNode,
  type OnnxTensor,
} from "./proto/model.js";

/** Operator sets a model may draw on. */
export type OperatorDomain = "" | "com.microsoft" | "com.microsoft.nchwc";

interface NodeOptions {
  readonly domain?: OperatorDomain;
  /** Number of outputs, when more than one. */
  readonly outputs?: number;
}

/** Initialisers of at most this many bytes are compared by content and shared. */
const SHARED_BYTES = 4096;

/**
 * Collects the nodes and initialisers of one ONNX graph and hands out the names of values. Names of its own begin
 * with `%`, so that they never meet the names of graph inputs and outputs.
 */
export class ModelBuilder {
  readonly nodes: OnnxNode[] = [];
  readonly initializers: OnnxTensor[] = [];
  readonly #shared = new Map<string, string>();
  #values = 0;
  #origin = "";

  /** Says which graph node the following ONNX nodes come from; errors of the runtime then name it. */
  setOrigin(origin: string): void {
    this.#origin = origin;
  }

  /** Adds a node and returns the name of its only (or first) output. */
  node(
    operator: string,
    inputs: readonly string[],
    attributes: OnnxAttributes = {},
    options: NodeOptions = {},
  ): string {
    return this.nodeOutputs(operator, inputs, attributes, options)[0] as string;
  }

  /** Adds a node and returns the names of all its outputs. */
  nodeOutputs(
    operator: string,
    inputs: readonly string[],
    attributes: OnnxAttributes = {},
    { domain = "", outputs: count = 1 }: NodeOptions = {},
  ): string[] {
    const outputs = Array.from({ length: count }, () => this.#nextName());
    const name = `${this.#origin} #${this.nodes.length}`;
    this.nodes.push({ name, operator, domain, inputs, outputs, attributes });
    return outputs;
  }

  /** Copies a value to a name of the caller's: by Identity, or by And with itself. */
  copy(source: string, name: string, operator: "Identity" | "And" = "Identity"): void {
    this.nodes.push({
      name: `copy ${name}`,
      operator,
      domain: "",
      inputs: operator === "And" ? [source, source] : [source],
      outputs: [name],
      attributes: {},
    });
  }

  /** A constant tensor; small ones with equal content share one initialiser. */
  constant(data: TensorData, dtype: DType, shape: Shape): string {
    return this.#initializer(bytesOf(data), dtype, shape);
  }

  float(value: number): string {
    return this.constant(Float32Array.of(value), "float32", []);
  }

  /** A vector of `length` equal float32 elements. */
  filled(value: number, length: number): string {
    return this.constant(new Float32Array(length).fill(value), "float32", [length]);
  }

  /** An int64 vector: the shapes, axes and limits that ONNX operators take. */
  int64(values: readonly number[]): string {
    return this.#initializer(bytesOf(BigInt64Array.from(values, BigInt)), "int64", [values.length]);
  }

  #initializer(bytes: Uint8Array, elementType: OnnxElementType, shape: Shape): string {
    const key =
      bytes.length <= SHARED_BYTES ? `${elementTypes[elementType]}[${shape.join()}]${bytes.join()}` : undefined;
    const earlier = key === undefined ? undefined : this.#shared.get(key);
    if (earlier !== undefined) return earlier;
    const name = this.#nextName();
    this.initializers.push({ name, elementType, shape, bytes });
    if (key !== undefined) this.#shared.set(key, name);
    return name;
  }

  #nextName(): string {
    return `%${this.#values++}`;
  }
}

function bytesOf(data: TensorData | BigInt64Array): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}
