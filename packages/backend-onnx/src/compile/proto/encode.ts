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

/** A model as the bytes of an .onnx file. Field numbers are those of onnx.proto. */
export function encodeModel(model: OnnxModel): Uint8Array {
  const pbf = new Pbf();
  pbf.writeVarintField(1, model.irVersion);
  pbf.writeStringField(2, model.producer);
  pbf.writeMessage(7, writeGraph, model.graph);
  for (const set of model.operatorSets) pbf.writeMessage(8, writeOperatorSet, set);
  for (const entry of Object.entries(model.metadata)) pbf.writeMessage(14, writeStringEntry, entry);
  return pbf.finish();
}

function writeOperatorSet(set: OperatorSet, pbf: Pbf): void {
  pbf.writeStringField(1, set.domain);
  pbf.writeVarintField(2, set.version);
}

function writeStringEntry([key, value]: [string, string], pbf: Pbf): void {
  pbf.writeStringField(1, key);
  pbf.writeStringField(2, value);
}

function writeGraph(graph: OnnxGraph, pbf: Pbf): void {
  for (const node of graph.nodes) pbf.writeMessage(1, writeNode, node);
  pbf.writeStringField(2, graph.name);
  for (const tensor of graph.initializers) pbf.writeMessage(5, writeTensor, tensor);
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

function writeTensor(tensor: OnnxTensor, pbf: Pbf): void {
  for (const size of tensor.shape) pbf.writeVarintField(1, size);
  pbf.writeVarintField(2, elementCode(tensor.elementType));
  pbf.writeStringField(8, tensor.name);
  pbf.writeBytesField(9, tensor.bytes);
}

// ValueInfoProto -> TypeProto -> TypeProto.Tensor -> TensorShapeProto -> Dimension
function writeValueInfo(info: OnnxValueInfo, pbf: Pbf): void {
  pbf.writeStringField(1, info.name);
  pbf.writeMessage(2, (type: OnnxValueInfo, typePbf) => typePbf.writeMessage(1, writeTensorType, type), info);
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
