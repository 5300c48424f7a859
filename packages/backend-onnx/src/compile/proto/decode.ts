import { DiffusionForcingError } from "@diffusion-forcing/core";
import Pbf from "pbf";
import {
  elementTypeOf,
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValueInfo,
  type OperatorSet,
} from "./model.js";

/** The same data with every property and array writable, while a message is being read. */
type Draft<T> = T extends readonly (infer E)[] ? E[] : { -readonly [K in keyof T]: T[K] };

/**
 * Reads the bytes of an .onnx file. What the schema subset does not hold (subgraphs, quantisation notes, external
 * data) is skipped.
 *
 * @throws `corrupt-file` if the bytes are no ONNX model.
 */
export function decodeModel(bytes: Uint8Array): OnnxModel {
  const operatorSets: OperatorSet[] = [];
  const metadata: Record<string, string> = {};
  const model: Draft<OnnxModel> = { irVersion: 0, producer: "", operatorSets, metadata, graph: emptyGraph };
  try {
    new Pbf(bytes).readFields((tag, draft: Draft<OnnxModel>, pbf) => {
      if (tag === 1) draft.irVersion = pbf.readVarint();
      else if (tag === 2) draft.producer = pbf.readString();
      else if (tag === 7) draft.graph = readGraph(pbf);
      else if (tag === 8) operatorSets.push(readOperatorSet(pbf));
      else if (tag === 14) {
        const [key, value] = readStringEntry(pbf);
        metadata[key] = value;
      }
    }, model);
  } catch (cause) {
    throw new DiffusionForcingError("corrupt-file", "The bytes are not a readable ONNX model (protobuf).", { cause });
  }
  if (model.graph === emptyGraph || model.irVersion === 0) {
    throw new DiffusionForcingError(
      "corrupt-file",
      "The bytes hold no ONNX graph; expected the content of an .onnx file.",
    );
  }
  return model;
}

const emptyGraph: OnnxGraph = { name: "", nodes: [], initializers: [], inputs: [], outputs: [] };

function readOperatorSet(parent: Pbf): OperatorSet {
  return parent.readMessage(
    (tag, draft: Draft<OperatorSet>, pbf) => {
      if (tag === 1) draft.domain = pbf.readString();
      else if (tag === 2) draft.version = pbf.readVarint();
    },
    { domain: "", version: 0 },
  );
}

function readStringEntry(parent: Pbf): [string, string] {
  return parent.readMessage(
    (tag, draft: [string, string], pbf) => {
      if (tag === 1 || tag === 2) draft[tag - 1] = pbf.readString();
    },
    ["", ""],
  );
}

function readGraph(parent: Pbf): OnnxGraph {
  const nodes: OnnxNode[] = [];
  const initializers: OnnxTensor[] = [];
  const inputs: OnnxValueInfo[] = [];
  const outputs: OnnxValueInfo[] = [];
  return parent.readMessage(
    (tag, draft: Draft<OnnxGraph>, pbf) => {
      if (tag === 1) nodes.push(readNode(pbf));
      else if (tag === 2) draft.name = pbf.readString();
      else if (tag === 5) initializers.push(readTensor(pbf));
      else if (tag === 11) inputs.push(readValueInfo(pbf));
      else if (tag === 12) outputs.push(readValueInfo(pbf));
    },
    { name: "", nodes, initializers, inputs, outputs },
  );
}

function readNode(parent: Pbf): OnnxNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: Record<string, OnnxAttribute> = {};
  return parent.readMessage(
    (tag, draft: Draft<OnnxNode>, pbf) => {
      if (tag === 1) inputs.push(pbf.readString());
      else if (tag === 2) outputs.push(pbf.readString());
      else if (tag === 3) draft.name = pbf.readString();
      else if (tag === 4) draft.operator = pbf.readString();
      else if (tag === 5) {
        const { name, attribute } = readAttribute(pbf);
        if (attribute !== undefined) attributes[name] = attribute;
      } else if (tag === 7) draft.domain = pbf.readString();
    },
    { name: "", operator: "", domain: "", inputs, outputs, attributes },
  );
}

function readAttribute(parent: Pbf): { name: string; attribute: OnnxAttribute | undefined } {
  const fields = { name: "", type: 0, float: 0, int: 0, string: "", floats: [] as number[], ints: [] as number[] };
  parent.readMessage((tag, draft, pbf) => {
    if (tag === 1) draft.name = pbf.readString();
    else if (tag === 2) draft.float = pbf.readFloat();
    else if (tag === 3) draft.int = pbf.readVarint(true);
    else if (tag === 4) draft.string = pbf.readString();
    else if (tag === 7) pbf.readPackedFloat(draft.floats);
    else if (tag === 8) pbf.readPackedVarint(draft.ints, true);
    else if (tag === 20) draft.type = pbf.readVarint();
  }, fields);
  const { name, type } = fields;
  if (type === 1) return { name, attribute: { type: "float", value: fields.float } };
  if (type === 2) return { name, attribute: { type: "int", value: fields.int } };
  if (type === 3) return { name, attribute: { type: "string", value: fields.string } };
  if (type === 6) return { name, attribute: { type: "floats", value: fields.floats } };
  if (type === 7) return { name, attribute: { type: "ints", value: fields.ints } };
  return { name, attribute: undefined };
}

function readTensor(parent: Pbf): OnnxTensor {
  const shape: number[] = [];
  return parent.readMessage(
    (tag, draft: Draft<OnnxTensor>, pbf) => {
      if (tag === 1) pbf.readPackedVarint(shape, true);
      else if (tag === 2) draft.elementType = elementTypeOf(pbf.readVarint());
      else if (tag === 8) draft.name = pbf.readString();
      else if (tag === 9) draft.bytes = pbf.readBytes();
    },
    { name: "", elementType: undefined, shape, bytes: new Uint8Array(0) },
  );
}

function readValueInfo(parent: Pbf): OnnxValueInfo {
  const shape: (number | string)[] = [];
  const info: Draft<OnnxValueInfo> = { name: "", elementType: undefined, shape };
  // The same fold over nested messages: ValueInfoProto, TypeProto, TypeProto.Tensor, TensorShapeProto.
  return parent.readMessage((tag, draft: Draft<OnnxValueInfo>, pbf) => {
    if (tag === 1) draft.name = pbf.readString();
    else if (tag === 2) pbf.readMessage(readType, draft);
  }, info);

  function readType(tag: number, draft: Draft<OnnxValueInfo>, pbf: Pbf): void {
    if (tag === 1) pbf.readMessage(readTensorType, draft);
  }
  function readTensorType(tag: number, draft: Draft<OnnxValueInfo>, pbf: Pbf): void {
    if (tag === 1) draft.elementType = elementTypeOf(pbf.readVarint());
    else if (tag === 2) pbf.readMessage(readShape, draft);
  }
  function readShape(tag: number, _draft: Draft<OnnxValueInfo>, pbf: Pbf): void {
    if (tag === 1) pbf.readMessage(readDimension, shape);
  }
  function readDimension(tag: number, sizes: (number | string)[], pbf: Pbf): void {
    if (tag === 1) sizes.push(pbf.readVarint(true));
    else if (tag === 2) sizes.push(pbf.readString());
  }
}
