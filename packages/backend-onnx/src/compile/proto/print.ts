import type { OnnxAttribute, OnnxModel, OnnxNode, OnnxTensor, OnnxValueInfo } from "./model.js";

/**
 * A model's graph as readable text, one line for each input, initialiser and node:
 *
 *     %2 = Gemm(x, w, bias; transB=1)
 */
export function printModel({ graph }: OnnxModel): string {
  return [
    ...graph.inputs.map((info) => `input ${formatInfo(info)}`),
    ...graph.initializers.map((tensor) => `${formatInfo(tensor)} = ${formatElements(tensor)}`),
    ...graph.nodes.map(formatNode),
    ...graph.outputs.map((info) => `output ${formatInfo(info)}`),
  ].join("\n");
}

function formatInfo({ name, elementType, shape }: Pick<OnnxValueInfo, "name" | "elementType" | "shape">): string {
  return `${name}: ${elementType ?? "?"}[${shape.join(", ")}]`;
}

function formatNode({ operator, domain, inputs, outputs, attributes }: OnnxNode): string {
  const settings = Object.entries(attributes).map(([name, attribute]) => `${name}=${formatAttribute(attribute)}`);
  const body = [inputs.join(", "), settings.join(" ")].filter((part) => part !== "").join("; ");
  return `${outputs.join(", ")} = ${domain === "" ? "" : `${domain}.`}${operator}(${body})`;
}

function formatAttribute(attribute: OnnxAttribute): string {
  return attribute.type === "ints" || attribute.type === "floats"
    ? `[${attribute.value.join(", ")}]`
    : String(attribute.value);
}

const SHOWN = 4;

function formatElements({ elementType, bytes }: OnnxTensor): string {
  const elements = elementsOf(elementType, bytes.slice());
  const shown = Array.from(elements.subarray(0, SHOWN), String).join(", ");
  return elements.length > SHOWN ? `${shown}, ...` : shown;
}

function elementsOf(
  type: OnnxTensor["elementType"],
  { buffer }: Uint8Array,
): Float32Array | Int32Array | BigInt64Array | Uint8Array {
  if (type === "float32") return new Float32Array(buffer);
  if (type === "int32") return new Int32Array(buffer);
  if (type === "int64") return new BigInt64Array(buffer);
  return new Uint8Array(buffer);
}
