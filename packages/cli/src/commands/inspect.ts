import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { decodeModel } from "@diffusion-forcing/backend-onnx";
import { DiffusionForcingError, isDiffusionForcingError } from "@diffusion-forcing/core";
import { decodeSafetensors } from "@diffusion-forcing/core/bundle";
import { formatShape } from "@diffusion-forcing/core/graph";
import { plannerFiles } from "@diffusion-forcing/tasks/maze2d";
import { Command } from "commander";
import { bundledModels, modelFolder } from "../files/models.js";
import { jsonOption } from "../options.js";
import { formatTable } from "../output/table.js";

export function inspectCommand(): Command {
  return new Command("inspect")
    .description("show what a model, a .safetensors or an .onnx file holds")
    .argument("<what>", "a bundled model's name, a model folder or a file")
    .addOption(jsonOption)
    .action(runInspect);
}

interface Description {
  readonly file: string;
  readonly kind: "safetensors" | "onnx";
  readonly summary: Readonly<Record<string, unknown>>;
  /** The file's own key-value strings. */
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: readonly { readonly name: string; readonly type: string }[];
}

async function runInspect(what: string, { json }: { readonly json?: boolean }): Promise<void> {
  const path = bundledModels.includes(what) ? modelFolder(what) : what;
  const found = await stat(path).catch((cause: unknown) => {
    throw new DiffusionForcingError("invalid-argument", `There is no file or folder ${path}.`, { cause });
  });
  const file = found.isDirectory() ? join(path, plannerFiles.weights) : path;
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new DiffusionForcingError("invalid-argument", `${file} cannot be read: ${(cause as Error).message}.`, {
      cause,
    });
  });
  const description = describe(file, bytes);
  if (json) {
    process.stdout.write(`${JSON.stringify(description)}\n`);
    return;
  }
  const facts = Object.entries({ ...description.metadata, ...description.summary }).map(([key, value]) => [
    key,
    String(value),
  ]);
  process.stdout.write(`${file} (${description.kind})\n${formatTable(facts)}\n`);
  process.stdout.write(`${formatTable(description.tensors.map(({ name, type }) => [name, type]))}\n`);
}

function describe(file: string, bytes: Uint8Array): Description {
  try {
    return file.endsWith(".onnx") ? describeOnnx(file, bytes) : describeSafetensors(file, bytes);
  } catch (cause) {
    if (!isDiffusionForcingError(cause)) throw cause;
    throw new DiffusionForcingError(cause.code, `${file}: ${cause.message}`, { cause });
  }
}

function describeSafetensors(file: string, bytes: Uint8Array): Description {
  const { tensors, metadata } = decodeSafetensors(bytes);
  const entries = Object.entries(tensors);
  const values = entries.reduce((total, [, { data }]) => total + data.length, 0);
  return {
    file,
    kind: "safetensors",
    summary: { tensors: entries.length, values },
    metadata,
    tensors: entries.map(([name, { dtype, shape }]) => ({ name, type: `${dtype}${formatShape(shape)}` })),
  };
}

function describeOnnx(file: string, bytes: Uint8Array): Description {
  const { graph, operatorSets, producer, metadata } = decodeModel(bytes);
  const counts: Record<string, number> = {};
  for (const { operator } of graph.nodes) counts[operator] = (counts[operator] ?? 0) + 1;
  const ports = [
    ...graph.inputs.map((value) => ({ ...value, name: `input ${value.name}` })),
    ...graph.outputs.map((value) => ({ ...value, name: `output ${value.name}` })),
  ];
  return {
    file,
    kind: "onnx",
    summary: {
      producer,
      operatorSets: operatorSets.map(({ domain, version }) => `${domain || "ai.onnx"} ${version}`).join(", "),
      nodes: graph.nodes.length,
      operators: Object.entries(counts)
        .sort(([, a], [, b]) => b - a)
        .map(([operator, count]) => `${operator} ${count}`)
        .join(", "),
      initializers: graph.initializers.length,
    },
    metadata,
    tensors: ports.map(({ name, elementType, shape }) => ({
      name,
      type: `${elementType ?? "?"}[${shape.join(", ")}]`,
    })),
  };
}
