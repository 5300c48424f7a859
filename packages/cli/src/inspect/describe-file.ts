import { decodeModel } from "@diffusion-forcing/backend-onnx";
import { DiffusionForcingError, isDiffusionForcingError } from "@diffusion-forcing/core";
import { decodeSafetensors } from "@diffusion-forcing/core/bundle";
import { formatShape } from "@diffusion-forcing/core/graph";
import type { FileDescription } from "./description.js";

/** What a file of weights or a graph holds. @throws `corrupt-file` naming it */
export function describeFile(file: string, bytes: Uint8Array): FileDescription {
  try {
    return file.endsWith(".onnx") ? describeOnnx(file, bytes) : describeSafetensors(file, bytes);
  } catch (cause) {
    if (!isDiffusionForcingError(cause)) throw cause;
    throw new DiffusionForcingError(cause.code, `${file}: ${cause.message}`, { cause });
  }
}

function describeSafetensors(file: string, bytes: Uint8Array): FileDescription {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const entries = Object.entries(tensors);
  const values = entries.reduce((total, [, { data }]) => total + data.length, 0);
  return {
    file,
    kind: "safetensors",
    summary: { bytes: bytes.length, tensors: entries.length, values, types: counted(entries.map(([, t]) => t.dtype)) },
    metadata,
    tensors: entries.map(([name, { dtype, shape }]) => ({ name, type: `${dtype}${formatShape(shape)}` })),
  };
}

function describeOnnx(file: string, bytes: Uint8Array): FileDescription {
  const { graph, operatorSets, producer, metadata } = decodeModel(bytes);
  const ports = [
    ...graph.inputs.map((value) => ({ ...value, name: `input ${value.name}` })),
    ...graph.outputs.map((value) => ({ ...value, name: `output ${value.name}` })),
  ];
  return {
    file,
    kind: "onnx",
    summary: {
      bytes: bytes.length,
      producer,
      operatorSets: operatorSets.map(({ domain, version }) => `${domain || "ai.onnx"} ${version}`).join(", "),
      nodes: graph.nodes.length,
      operators: counted(graph.nodes.map(({ operator }) => operator)),
      initializers: graph.initializers.length,
    },
    metadata,
    tensors: ports.map(({ name, elementType, shape }) => ({
      name,
      type: `${elementType ?? "?"}[${shape.join(", ")}]`,
    })),
  };
}

/** `MatMul 12, Add 9`: how often each word occurs, the most frequent first. */
function counted(words: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([word, count]) => `${word} ${count}`)
    .join(", ");
}
