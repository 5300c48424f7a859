import { dirname } from "node:path";
import { toOnnx } from "@diffusion-forcing/backend-onnx";
import { dataRangeOf, weightsOf } from "@diffusion-forcing/core/models";
import { ddim, parameterName, walkGraph } from "@diffusion-forcing/core/sampling";
import { plannerDiffusion } from "@diffusion-forcing/tasks/maze2d";
import { Command } from "commander";
import { ensureWritable, writeAtomically } from "../files/atomic-write.js";
import { loadPlanner, modelFiles } from "../files/models.js";
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
    .option("--model <name>", "umaze, medium, large or a model folder", "medium")
    .requiredOption("--out <file>", "the .onnx file")
    .option("--batch <n>", "sequences at a time", whole("--batch", 1), 1)
    .option("--tokens <n>", "length of the sequences (default: the longest trained)", whole("--tokens", 1))
    .option("--stabilization-level <n>", "level that clean tokens pretend to have", whole("--stabilization-level"), 10)
    .addOption(forceOption)
    .addOption(jsonOption)
    .action(runExport);
}

async function runExport(options: ExportOptions): Promise<void> {
  const { config, parameters } = await loadPlanner(options.model);
  const { batch, stabilizationLevel, out, force } = options;
  await checkOutputs({ files: [out], inputs: modelFiles(options.model), force });
  if (stabilizationLevel > config.schedule.levels) {
    throw new UsageError(
      `--stabilization-level is ${stabilizationLevel}; the model has ${config.schedule.levels} noise levels.`,
    );
  }
  const length = options.tokens ?? (config.lengths.at(-1) as number);
  const diffusion = plannerDiffusion(config);
  const range = dataRangeOf(diffusion.model, parameters);
  const graph = walkGraph(
    diffusion,
    { solver: ddim(), stabilizationLevel, ...(range ? { range } : {}) },
    { batch, length, steps: 1, details: true },
  );
  const constants = Object.fromEntries(
    Object.entries(weightsOf(diffusion.model, parameters)).map(([name, value]) => [parameterName(name), value]),
  );
  const bytes = toOnnx(graph, { constants, name: "sampling_step", metadata: { config: JSON.stringify(config) } });
  await ensureWritable(dirname(options.out));
  await writeAtomically(options.out, bytes);
  const summary = {
    out: options.out,
    bytes: bytes.length,
    inputs: { x: [batch, length, config.model.features], levels: [2, batch, length] },
  };
  process.stdout.write(
    options.json
      ? `${JSON.stringify(summary)}\n`
      : `wrote ${options.out} (${(bytes.length / 1e6).toFixed(1)} MB): inputs x ${JSON.stringify(summary.inputs.x)}, levels ${JSON.stringify(summary.inputs.levels)} (before and after the step); outputs x.next and clean\n`,
  );
}
