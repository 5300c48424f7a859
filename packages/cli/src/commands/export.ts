import { dirname } from "node:path";
import { toOnnx } from "@diffusion-forcing/backend-onnx";
import { DiffusionForcingError } from "@diffusion-forcing/core";
import { dataRangeOf, weightsOf } from "@diffusion-forcing/core/models";
import { ddim, parameterName, walkGraph } from "@diffusion-forcing/core/sampling";
import { Command } from "commander";
import { ensureWritable, writeAtomically } from "../files/atomic-write.js";
import { loadModel, modelFiles } from "../files/models.js";
import { checkOutputs, forceOption } from "../files/outputs.js";
import { jsonOption, UsageError, whole } from "../options.js";

interface ExportOptions {
  readonly model: string;
  readonly out: string;
  readonly batch: number;
  readonly tokens?: number;
  readonly stabilizationLevel: number;
  readonly force?: boolean;
  readonly json?: boolean;
}

export function exportCommand(): Command {
  return new Command("export")
    .description("write one sampling step of a model, its weights inside, as a standard .onnx file")
    .option("--model <name>", "a bundled model or a model folder", "medium")
    .requiredOption("--out <file>", "the .onnx file")
    .option("--batch <n>", "sequences at a time", whole("--batch", 1), 1)
    .option("--tokens <n>", "length of the sequences (default: the longest trained)", whole("--tokens", 1))
    .option("--stabilization-level <n>", "level that clean tokens pretend to have", whole("--stabilization-level"), 10)
    .addOption(forceOption)
    .addOption(jsonOption)
    .action(runExport);
}

async function runExport(options: ExportOptions): Promise<void> {
  const { diffusion, parameters, task, trainedOn } = await loadModel(options.model);
  const { batch, stabilizationLevel, out, force } = options;
  const { model, process: noise } = diffusion;
  await checkOutputs({ files: [out], inputs: modelFiles(options.model), force });
  if (stabilizationLevel > noise.levels) {
    throw new UsageError(`--stabilization-level is ${stabilizationLevel}; the model has ${noise.levels} noise levels.`);
  }
  const length = options.tokens ?? trainedOn?.tokens?.[1];
  if (length === undefined) throw new UsageError("Give --tokens: the model does not say how long its sequences were.");
  if (model.conditionFeatures > 0) {
    throw new DiffusionForcingError(
      "invalid-config",
      `${options.model} takes a condition of ${model.conditionFeatures} features; only models without one are exported.`,
    );
  }
  const range = dataRangeOf(model, parameters);
  const graph = walkGraph(
    diffusion,
    { solver: ddim(), stabilizationLevel, ...(range ? { range } : {}) },
    { batch, length, steps: 1, details: true },
  );
  const constants = Object.fromEntries(
    Object.entries(weightsOf(model, parameters)).map(([name, value]) => [parameterName(name), value]),
  );
  const config = JSON.stringify({ model: model.config, process: noise.config, task, trainedOn });
  const bytes = toOnnx(graph, { constants, name: "sampling_step", metadata: { config } });
  await ensureWritable(dirname(options.out));
  await writeAtomically(options.out, bytes);
  const summary = {
    out: options.out,
    bytes: bytes.length,
    inputs: { x: [batch, length, ...model.tokenShape], levels: [2, batch, length] },
  };
  process.stdout.write(
    options.json
      ? `${JSON.stringify(summary)}\n`
      : `wrote ${options.out} (${(bytes.length / 1e6).toFixed(1)} MB): inputs x ${JSON.stringify(summary.inputs.x)}, levels ${JSON.stringify(summary.inputs.levels)} (before and after the step); outputs x.next and clean\n`,
  );
}
