import { stat } from "node:fs/promises";
import { join } from "node:path";
import { DiffusionForcingError } from "@diffusion-forcing/core";
import { plannerFiles } from "@diffusion-forcing/tasks/maze2d";
import { Command } from "commander";
import { readInput } from "../files/input.js";
import { modelFolder } from "../files/models.js";
import { describeFile } from "../inspect/describe-file.js";
import { describeModel } from "../inspect/describe-model.js";
import type { Description, ModelDescription } from "../inspect/description.js";
import { factsOf, formatFacts } from "../inspect/facts.js";
import { jsonOption } from "../options.js";

interface InspectOptions {
  readonly tensors?: boolean;
  readonly json?: boolean;
}

export function inspectCommand(): Command {
  return new Command("inspect")
    .description("show what a model, a .safetensors or an .onnx file is and holds")
    .argument("<what>", "a bundled model's name, a model folder or a file")
    .option("--tensors", "list every tensor, which --json always does")
    .addOption(jsonOption)
    .action(runInspect);
}

async function runInspect(what: string, { tensors, json }: InspectOptions): Promise<void> {
  const path = modelFolder(what);
  const found = await stat(path).catch((cause: unknown) => {
    throw new DiffusionForcingError("invalid-argument", `There is no file or folder ${path}.`, { cause });
  });
  const file = found.isDirectory() ? join(path, plannerFiles.weights) : path;
  const bytes = await readInput(file);
  const description: Description = {
    ...describeFile(file, bytes),
    ...(found.isDirectory() ? { model: await describeModel(path) } : {}),
  };
  process.stdout.write(json ? `${JSON.stringify(description)}\n` : `${format(description, tensors ?? false)}\n`);
}

function format({ file, kind, summary, metadata, tensors, model }: Description, withTensors: boolean): string {
  // An ONNX file's tensors are its inputs and outputs, which are few and its point.
  const listed = withTensors || kind === "onnx" ? tensors : [];
  const facts = { ...readable(metadata), ...summary, bytes: `${summary.bytes} (${megabytes(summary.bytes)})` };
  return [
    ...(model === undefined ? [] : [formatModel(model)]),
    `${file} (${kind})\n${formatFacts(factsOf(facts))}`,
    ...(listed.length === 0 ? [] : [formatFacts(listed.map(({ name, type }) => [name, type]))]),
    ...(listed.length > 0 || tensors.length === 0 ? [] : ["--tensors lists the tensors."]),
  ].join("\n");
}

function formatModel({ config, training, result, card }: ModelDescription): string {
  const parts: [title: string, facts: [string, string][]][] = [
    ["model", factsOf(config ?? "config.json cannot be read")],
    ...(training === undefined ? [] : [["training", factsOf(withoutConfig(training))] as (typeof parts)[number]]),
    ...(result === undefined ? [] : [["result", factsOf(result)] as (typeof parts)[number]]),
    ...(card === undefined ? [] : [["card", [["", card]]] as (typeof parts)[number]]),
  ];
  return parts.map(([title, facts]) => `${title}\n${formatFacts(facts)}\n`).join("");
}

/** A recipe repeats the config; what is left is how to train. */
function withoutConfig(recipe: unknown): unknown {
  if (typeof recipe !== "object" || recipe === null || !("training" in recipe)) return recipe;
  const { training, ...rest } = recipe as Readonly<Record<string, unknown>>;
  const own = Object.entries(rest).filter(([, value]) => typeof value !== "object");
  return { ...(training as object), ...Object.fromEntries(own) };
}

/** A file's metadata, those that are JSON objects in the words of {@link factsOf}. */
function readable(metadata: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(metadata).map(([name, text]) => {
      try {
        const value: unknown = JSON.parse(text);
        return [name, typeof value === "object" ? value : text];
      } catch {
        return [name, text];
      }
    }),
  );
}

function megabytes(bytes: unknown): string {
  return `${(Number(bytes) / 1e6).toFixed(1)} MB`;
}
