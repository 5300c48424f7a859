/**
 * The part of ONNX's protobuf schema (onnx.proto) that this package reads and writes, as plain data. Field names
 * are this project's; `encode.ts` and `decode.ts` hold the field numbers.
 */
export interface OnnxModel {
  readonly irVersion: number;
  readonly producer: string;
  /** Versions of the operator sets used; the standard set "ai.onnx" is stored under the empty domain. */
  readonly operatorSets: readonly OperatorSet[];
  readonly metadata: Readonly<Record<string, string>>;
  readonly graph: OnnxGraph;
}

export interface OperatorSet {
  readonly domain: string;
  readonly version: number;
}

export interface OnnxGraph {
  readonly name: string;
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValueInfo[];
  readonly outputs: readonly OnnxValueInfo[];
}

export interface OnnxNode {
  readonly name: string;
  readonly operator: string;
  /** "" for the standard set. */
  readonly domain: string;
  /** Names of values; "" stands for an optional input or output left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: OnnxAttributes;
}

export type OnnxAttributes = Readonly<Record<string, OnnxAttribute>>;

/** An attribute with its protobuf type: 1 and 1.0 differ in ONNX. */
export type OnnxAttribute =
  | { readonly type: "int"; readonly value: number }
  | { readonly type: "float"; readonly value: number }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "ints"; readonly value: readonly number[] }
  | { readonly type: "floats"; readonly value: readonly number[] };

/** Element types by TensorProto.DataType. The project's dtypes, and int64 for shapes and axes. */
export const elementTypes = { float32: 1, int32: 6, int64: 7, bool: 9 } as const;

export type OnnxElementType = keyof typeof elementTypes;

/** Undefined for an element type outside {@link elementTypes} (files of other programs). */
export function elementTypeOf(code: number): OnnxElementType | undefined {
  return (Object.keys(elementTypes) as OnnxElementType[]).find((name) => elementTypes[name] === code);
}

export interface OnnxTensor {
  readonly name: string;
  readonly elementType: OnnxElementType | undefined;
  readonly shape: readonly number[];
  /** Little-endian elements (`raw_data`). */
  readonly bytes: Uint8Array;
  /** The name of a file that holds the bytes and nothing else; they are then not in the model. */
  readonly location?: string;
}

export interface OnnxValueInfo {
  readonly name: string;
  readonly elementType: OnnxElementType | undefined;
  /** A string names a size that is only known at run time. */
  readonly shape: readonly (number | string)[];
  /** A sequence of such tensors, of any shape. */
  readonly sequence?: boolean;
}
