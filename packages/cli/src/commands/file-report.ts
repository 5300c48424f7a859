import { join } from "node:path";
import type { FileReport, FileWork, Task } from "@diffusion-forcing/tasks";
import { Command } from "commander";
import { type BackendChoice, openBackend } from "../backend.js";
import { backendOption } from "../backends/choice.js";
import { ensureWritable, writeAtomically } from "../files/atomic-write.js";
import { loadModel, modelFiles } from "../files/models.js";
import { checkOutputs, forceOption } from "../files/outputs.js";
import { jsonOption, quietOption, seedOption, threadsOption, UsageError } from "../options.js";
import { withProgress } from "../output/progress.js";
import { toPng } from "../output/raster.js";
import { formatTable } from "../output/table.js";
import { interruptible } from "../process/interrupt.js";
import { addTaskOptions, describeTaskOptions, filesAmong, taskOptionValues } from "../task-options.js";
import { taskOf } from "../tasks.js";

interface FileReportOptions extends BackendChoice {
  readonly model: string;
  readonly out?: string;
  readonly seed: number;
  readonly force?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** Of drawings as PNG, in pixels. */
const pictureWidth = 1260;

/** A command of which files come. */
export interface FileReportCommand {
  readonly name: string;
  readonly description: string;
  readonly usage: string;
  /** Where the files go unless told otherwise: those of the last time make way. */
  readonly out: string;
  readonly outSummary: string;
  /** What is done meanwhile, for the progress: "forecasting". */
  readonly doing: string;
  /** What models of other tasks do not do: "forecasts nothing". */
  readonly cannot: string;
  readonly work: (task: Task) => FileWork | undefined;
}

/** A command that gives a model files of the user's and writes what it makes of them. */
export function fileReportCommand(tasks: readonly Task[], kind: FileReportCommand): Command {
  const command = new Command(kind.name)
    .description(kind.description)
    .usage(kind.usage)
    .requiredOption("--model <name>", "a bundled model or a model folder")
    .option("--out <folder>", `${kind.outSummary} (default: ${kind.out}, replacing the last)`)
    .addOption(seedOption)
    .addOption(forceOption)
    .addOption(backendOption)
    .addOption(threadsOption)
    .addOption(quietOption)
    .addOption(jsonOption)
    .allowUnknownOption()
    .allowExcessArguments();
  for (const task of tasks) {
    const work = kind.work(task);
    if (work === undefined) continue;
    command.addHelpText("after", `\nModels of ${task.name}:\n${describeTaskOptions(work.options())}`);
  }
  return command.action(async (options: FileReportOptions, { args }: Command) => {
    await interruptible(
      (signal) => report(tasks, kind, options, args, signal),
      "stopping",
      () => "Stopped; nothing was written.",
    );
  });
}

/** @param args what the common options left over: the task's own options. */
async function report(
  tasks: readonly Task[],
  kind: FileReportCommand,
  options: FileReportOptions,
  args: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const { model, out = kind.out, seed, quiet } = options;
  const bundle = await loadModel(model);
  const task = taskOf(tasks, bundle);
  const work = kind.work(task);
  if (work === undefined)
    throw new UsageError(`The model ${model} is for the task ${task.name}, which ${kind.cannot}.`);
  const schemas = work.options(bundle);
  const own = addTaskOptions(new Command(kind.name), schemas)
    .exitOverride()
    .allowExcessArguments(false)
    .showHelpAfterError(`(dforce ${kind.name} --help shows its options)`)
    .parse(args, { from: "user" });
  const values = await taskOptionValues(schemas, own.opts());
  const names = work
    .files(values)
    .flatMap((name) => (name.endsWith(".svg") ? [name, name.replace(/svg$/, "png")] : [name]));
  await checkOutputs({
    files: names.map((name) => join(out, name)),
    inputs: [...filesAmong(values), ...modelFiles(model)],
    force: options.force ?? options.out === undefined,
  });
  const backend = await openBackend(options);
  let made: FileReport;
  try {
    made = await withProgress(
      kind.doing,
      100,
      (onProgress) =>
        work.run(bundle, {
          backend,
          options: values,
          seed,
          signal,
          onProgress: (done, total, note) => onProgress(Math.floor((100 * done) / total), note),
        }),
      { quiet, unit: "%" },
    );
  } finally {
    await backend.dispose();
  }
  const files = Object.entries(made.files).flatMap(([file, content]): [string, string | Uint8Array][] => {
    if (!file.endsWith(".svg")) return [[file, content]];
    return [
      [file, content],
      [file.replace(/svg$/, "png"), toPng(String(content), pictureWidth)],
    ];
  });
  const paths = files.map(([file]) => join(out, file));
  await ensureWritable(out);
  for (const [i, [, content]] of files.entries()) await writeAtomically(paths[i] as string, content);
  const document = { model, ...made.document, files: paths };
  const notes = [`wrote ${paths.join(", ")}`, ...(made.note === undefined ? [] : [made.note])];
  const text = [made.title, formatTable(made.rows), ...notes];
  process.stdout.write(options.json ? `${JSON.stringify(document)}\n` : `${text.join("\n")}\n`);
}
