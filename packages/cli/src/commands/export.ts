import { dirname } from "node:path";
import { toOnnx } from "@diffusion-forcing/backend-onnx";
import { dataRangeOf, weightsOf } from "@diffusion-forcing/core/models";
import {
  ancestral,
  ddim,
  dpmSolverPlusPlus,
  euler,
  heun,
  parameterName,
  pathOf,
  walkGraph,
} from "@diffusion-forcing/core/sampling";
import { Command, Option } from "commander";
import { ensureWritable, writeAtomically } from "../files/atomic-write.js";
import { loadModel, modelFiles } from "../files/models.js";
import { checkOutputs, forceOption } from "../files/outputs.js";
import { jsonOption, UsageError, whole } from "../options.js";

const solvers = { ddim, ancestral, euler, heun, "dpm-solver++": dpmSolverPlusPlus };

interface ExportOptions {
  readonly model: string;
  readonly out: string;
  readonly batch: number;
  readonly tokens?: number;
  readonly stabilizationLevel: number;
  readonly solver?: keyof typeof solvers;
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
    .addOption(
      new Option(
        "--solver <name>",
        "how the step is taken (default: ddim; ancestral where the process has no Gaussian path)",
      ).choices(Object.keys(solvers)),
    )
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
  const solver = solvers[options.solver ?? (noise.path === undefined ? "ancestral" : "ddim")]();
  if (solver.needsPath) pathOf(solver.config.kind, noise);
  const range = dataRangeOf(model, parameters);
  const graph = walkGraph(
    diffusion,
    { solver, stabilizationLevel, ...(range ? { range } : {}) },
    { batch, length, steps: 1, details: true },
  );
  const constants = Object.fromEntries(
    Object.entries(weightsOf(model, parameters)).map(([name, value]) => [parameterName(name), value]),
  );
  const config = JSON.stringify({ model: model.config, process: noise.config, task, trainedOn });
  const open = graph.inputs
    .filter(({ attributes }) => !(attributes.name in constants))
    .map(({ attributes, shape }) => [attributes.name, shape] as const);
  const bytes = toOnnx(graph, { constants, name: "sampling_step", metadata: { config } });
  await ensureWritable(dirname(options.out));
  await writeAtomically(options.out, bytes);
  const summary = {
    out: options.out,
    bytes: bytes.length,
    inputs: Object.fromEntries(open),
    outputs: Object.keys(graph.outputs).map((name) => (open.some(([input]) => input === name) ? `${name}.next` : name)),
  };
  const inputs = open.map(([name, shape]) => `${name} ${JSON.stringify(shape)}`).join(", ");
  process.stdout.write(
    options.json
      ? `${JSON.stringify(summary)}\n`
      : `wrote ${options.out} (${(bytes.length / 1e6).toFixed(1)} MB): inputs ${inputs} (levels: before and after the step); outputs ${summary.outputs.join(", ")}\n`,
  );
}
