import { dirname } from "node:path";
import { toOnnx } from "@diffusion-forcing/backend-onnx";
import type { Bundle } from "@diffusion-forcing/core";
import type { SymbolBundle, TrainedOn } from "@diffusion-forcing/core/bundle";
import type { Graph } from "@diffusion-forcing/core/graph";
import { dataRangeOf, type Model, weightsOf } from "@diffusion-forcing/core/models";
import {
  ancestral,
  ddim,
  dpmSolverPlusPlus,
  euler,
  heun,
  parameterName,
  pathOf,
  symbolLaws,
  walkGraph,
} from "@diffusion-forcing/core/sampling";
import { Command, Option } from "commander";
import { ensureWritable, writeAtomically } from "../files/atomic-write.js";
import { loadModel, modelFiles } from "../files/models.js";
import { checkOutputs, forceOption } from "../files/outputs.js";
import { jsonOption, MOST_AT_A_TIME, UsageError, whole } from "../options.js";

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
    .addHelpText(
      "after",
      "\nOf a model that predicts symbols, the laws of the next symbols are written instead of a step.",
    )
    .option("--model <name>", "a bundled model or a model folder", "medium")
    .requiredOption("--out <file>", "the .onnx file")
    .option("--batch <n>", "sequences at a time", whole("--batch", 1, MOST_AT_A_TIME), 1)
    .option(
      "--tokens <n>",
      "length of the sequences (default: the longest trained)",
      whole("--tokens", 1, MOST_AT_A_TIME),
    )
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
  const bundle = await loadModel(options.model, ["diffusion-forcing", "multi-token"]);
  const { out, force } = options;
  await checkOutputs({ files: [out], inputs: modelFiles(options.model), force });
  const { model, graph, config, ...written } = "head" in bundle ? lawsOf(bundle, options) : stepOf(bundle, options);
  const constants = Object.fromEntries(
    Object.entries(weightsOf(model, bundle.parameters)).map(([name, value]) => [parameterName(name), value]),
  );
  const open = graph.inputs
    .filter(({ attributes }) => !(attributes.name in constants))
    .map(({ attributes, shape }) => [attributes.name, shape] as const);
  const { task, trainedOn } = bundle;
  const metadata = { config: JSON.stringify({ model: model.config, ...config, task, trainedOn }) };
  const bytes = toOnnx(graph, { constants, name: written.name, metadata });
  await ensureWritable(dirname(out));
  await writeAtomically(out, bytes);
  const summary = {
    out,
    bytes: bytes.length,
    inputs: Object.fromEntries(open),
    outputs: Object.keys(graph.outputs).map((name) => (open.some(([input]) => input === name) ? `${name}.next` : name)),
  };
  const inputs = open.map(([name, shape]) => `${name} ${JSON.stringify(shape)}`).join(", ");
  process.stdout.write(
    options.json
      ? `${JSON.stringify(summary)}\n`
      : `wrote ${out} (${(bytes.length / 1e6).toFixed(1)} MB): inputs ${inputs} (${written.note}); outputs ${summary.outputs.join(", ")}\n`,
  );
}

/** What is written: a graph with open weights, and what is said of it. */
interface Written {
  readonly model: Model;
  readonly graph: Graph;
  /** Beside the model's, what the file says of itself. */
  readonly config: object;
  readonly name: string;
  /** About the inputs. */
  readonly note: string;
}

function stepOf({ diffusion, parameters, trainedOn }: Bundle, options: ExportOptions): Written {
  const { batch, stabilizationLevel } = options;
  const { model, process: noise } = diffusion;
  if (stabilizationLevel > noise.levels) {
    throw new UsageError(`--stabilization-level is ${stabilizationLevel}; the model has ${noise.levels} noise levels.`);
  }
  const solver = solvers[options.solver ?? (noise.path === undefined ? "ancestral" : "ddim")]();
  if (solver.needsPath) pathOf(solver.config.kind, noise);
  const range = dataRangeOf(model, parameters);
  const graph = walkGraph(
    diffusion,
    { solver, stabilizationLevel, ...(range ? { range } : {}) },
    { batch, length: lengthOf(options, trainedOn), steps: 1, details: true },
  );
  const note = "levels: before and after the step";
  return { model, graph, config: { process: noise.config }, name: "sampling_step", note };
}

function lawsOf({ model, head, trainedOn }: SymbolBundle, options: ExportOptions): Written {
  if (options.solver !== undefined) {
    throw new UsageError("--solver: the model predicts symbols; there are no steps to be taken.");
  }
  const graph = symbolLaws(model, head, { batch: options.batch, length: lengthOf(options, trainedOn) });
  const note = "1 for a symbol, -1 for the others";
  return { model, graph, config: { head: head.config }, name: "symbol_laws", note };
}

function lengthOf({ tokens }: ExportOptions, trainedOn: TrainedOn | undefined): number {
  const length = tokens ?? trainedOn?.tokens?.[1];
  if (length === undefined) throw new UsageError("Give --tokens: the model does not say how long its sequences were.");
  return length;
}
