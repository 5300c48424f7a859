import Pbf from "pbf";
import {
  elementTypes,
  type OnnxAttribute,
  type OnnxGraph,
  type OnnxModel,
  type OnnxNode,
  type OnnxTensor,
  type OnnxValueInfo,
  type OperatorSet,
} from "./model.js";

/**
 * A model as the bytes of an .onnx file. Field numbers are those of onnx.proto.
 *
 * Weights are put between what pbf writes, as they are: pbf copies byte by byte, and once more for every message around.
 */
export function encodeModel(model: OnnxModel): Uint8Array {
  const graph = [written(writeGraphWithoutTensors, model.graph), ...model.graph.initializers.flatMap(tensorField)];
  return concatenate([written(writeModelWithoutGraph, model), ...delimited(7, graph)]);
}

function writeModelWithoutGraph(model: OnnxModel, pbf: Pbf): void {
  pbf.writeVarintField(1, model.irVersion);
  pbf.writeStringField(2, model.producer);
  for (const set of model.operatorSets) pbf.writeMessage(8, writeOperatorSet, set);
  for (const entry of Object.entries(model.metadata)) pbf.writeMessage(14, writeStringEntry, entry);
}

function tensorField(tensor: OnnxTensor): Uint8Array[] {
  if (tensor.location !== undefined) return delimited(5, [written(writeTensorElsewhere, tensor)]);
  return delimited(5, [written(writeTensorWithoutBytes, tensor), ...delimited(9, [tensor.bytes])]);
}

function written<T>(write: (value: T, pbf: Pbf) => void, value: T): Uint8Array {
  const pbf = new Pbf();
  write(value, pbf);
  return pbf.finish();
}

/** A field of bytes, or a message, that consists of `parts`. */
function delimited(field: number, parts: readonly Uint8Array[]): Uint8Array[] {
  const writeHead = (length: number, pbf: Pbf): void => {
    pbf.writeVarint((field << 3) | 2);
    pbf.writeVarint(length);
  };
  return [written(writeHead, lengthOf(parts)), ...parts];
}

const lengthOf = (parts: readonly Uint8Array[]): number => parts.reduce((sum, { length }) => sum + length, 0);

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(lengthOf(parts));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function writeOperatorSet(set: OperatorSet, pbf: Pbf): void {
  pbf.writeStringField(1, set.domain);
  pbf.writeVarintField(2, set.version);
}

function writeStringEntry([key, value]: [string, string], pbf: Pbf): void {
  pbf.writeStringField(1, key);
  pbf.writeStringField(2, value);
}

function writeGraphWithoutTensors(graph: OnnxGraph, pbf: Pbf): void {
  for (const node of graph.nodes) pbf.writeMessage(1, writeNode, node);
  pbf.writeStringField(2, graph.name);
  for (const info of graph.inputs) pbf.writeMessage(11, writeValueInfo, info);
  for (const info of graph.outputs) pbf.writeMessage(12, writeValueInfo, info);
}

function writeNode(node: OnnxNode, pbf: Pbf): void {
  for (const name of node.inputs) pbf.writeStringField(1, name);
  for (const name of node.outputs) pbf.writeStringField(2, name);
  pbf.writeStringField(3, node.name);
  pbf.writeStringField(4, node.operator);
  for (const entry of Object.entries(node.attributes)) pbf.writeMessage(5, writeAttribute, entry);
  pbf.writeStringField(7, node.domain);
}

function writeAttribute([name, attribute]: [string, OnnxAttribute], pbf: Pbf): void {
  pbf.writeStringField(1, name);
  switch (attribute.type) {
    case "float":
      pbf.writeFloatField(2, attribute.value);
      break;
    case "int":
      pbf.writeVarintField(3, attribute.value);
      break;
    case "string":
      pbf.writeStringField(4, attribute.value);
      break;
    case "floats":
      for (const value of attribute.value) pbf.writeFloatField(7, value);
      break;
    case "ints":
      for (const value of attribute.value) pbf.writeVarintField(8, value);
      break;
  }
  pbf.writeVarintField(20, attributeTypes[attribute.type]);
}

/** AttributeProto.AttributeType. */
const attributeTypes = { float: 1, int: 2, string: 3, floats: 6, ints: 7 } as const;

function elementCode(type: OnnxTensor["elementType"]): number {
  return type === undefined ? 0 : elementTypes[type];
}

function writeTensorWithoutBytes(tensor: OnnxTensor, pbf: Pbf): void {
  for (const size of tensor.shape) pbf.writeVarintField(1, size);
  pbf.writeVarintField(2, elementCode(tensor.elementType));
  pbf.writeStringField(8, tensor.name);
}

/** TensorProto.DataLocation.EXTERNAL. */
const EXTERNAL = 1;

function writeTensorElsewhere(tensor: OnnxTensor, pbf: Pbf): void {
  writeTensorWithoutBytes(tensor, pbf);
  // Of the whole file, so without offset and length, which ONNX Runtime fails to read within Node (1.30).
  pbf.writeMessage(13, writeStringEntry, ["location", tensor.location as string]);
  pbf.writeVarintField(14, EXTERNAL);
}

// ValueInfoProto -> TypeProto (-> TypeProto.Sequence -> TypeProto) -> TypeProto.Tensor -> TensorShapeProto -> Dimension
function writeValueInfo(info: OnnxValueInfo, pbf: Pbf): void {
  pbf.writeStringField(1, info.name);
  pbf.writeMessage(2, info.sequence ? writeSequence : writeTensor, info);
}

function writeSequence(info: OnnxValueInfo, pbf: Pbf): void {
  pbf.writeMessage(4, (_, sequence) => sequence.writeMessage(1, writeElement, info), info);
}

function writeElement({ elementType }: OnnxValueInfo, pbf: Pbf): void {
  pbf.writeMessage(1, (_, tensor) => tensor.writeVarintField(1, elementCode(elementType)), elementType);
}

function writeTensor(info: OnnxValueInfo, pbf: Pbf): void {
  pbf.writeMessage(1, writeTensorType, info);
}

function writeTensorType(info: OnnxValueInfo, pbf: Pbf): void {
  pbf.writeVarintField(1, elementCode(info.elementType));
  pbf.writeMessage(2, writeShape, info.shape);
}

function writeShape(shape: OnnxValueInfo["shape"], pbf: Pbf): void {
  for (const size of shape) pbf.writeMessage(1, writeDimension, size);
}

function writeDimension(size: number | string, pbf: Pbf): void {
  if (typeof size === "number") pbf.writeVarintField(1, size);
  else pbf.writeStringField(2, size);
}
