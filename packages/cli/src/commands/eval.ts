import { dirname } from "node:path";
import { DiffusionForcingError } from "@diffusion-forcing/core";
import { describe } from "@diffusion-forcing/core/backend";
import type { Task, TaskReport } from "@diffusion-forcing/tasks";
import { Command } from "commander";
import { type BackendChoice, openBackend } from "../backend.js";
import { backendOption } from "../backends/choice.js";
import { ensureWritable, writeAtomically } from "../files/atomic-write.js";
import { loadModel, modelFiles } from "../files/models.js";
import { checkOutputs, forceOption } from "../files/outputs.js";
import { jsonOption, modelOf, quietOption, threadsOption } from "../options.js";
import { withProgress } from "../output/progress.js";
import { formatTable } from "../output/table.js";
import { interruptible } from "../process/interrupt.js";
import { addTaskOptions, describeTaskOptions, filesAmong, taskOptionValues } from "../task-options.js";
import { taskOf } from "../tasks.js";

interface EvalOptions extends BackendChoice {
  readonly model?: string;
  readonly out?: string;
  readonly force?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** The options that every task has. */
function withCommonOptions(command: Command): Command {
  return command
    .option("--model <name>", "a bundled model's name or a model folder, if it is not the first word (default: medium)")
    .option("--out <file>", "what was measured as a picture, SVG, where the task draws one")
    .addOption(forceOption)
    .addOption(backendOption)
    .addOption(threadsOption)
    .addOption(quietOption)
    .addOption(jsonOption);
}

export function evalCommand(tasks: readonly Task[]): Command {
  const command = withCommonOptions(new Command("eval"))
    .description("measure a model at its task, with 95 % intervals; what else may be said depends on the task")
    .usage("[model] [options]")
    .allowUnknownOption()
    .allowExcessArguments();
  for (const task of tasks) {
    command.addHelpText("after", `\nModels of ${task.name}:\n${describeTaskOptions(task.evaluationOptions())}`);
  }
  return command.action(async (options: EvalOptions, { args }: Command) => {
    await interruptible(
      (signal) => evaluate(tasks, options, args, signal),
      "stopping",
      () => "Stopped; nothing was measured to its end.",
    );
  });
}

/** The model and the task's own options, of what the common options left over. @throws UsageError */
function modelAndRest({ model }: EvalOptions, args: readonly string[]): [model: string, rest: readonly string[]] {
  const [first, ...rest] = args;
  const isNamed = first !== undefined && !first.startsWith("-");
  return isNamed ? [modelOf(first, model), rest] : [modelOf(undefined, model), args];
}

/** @param args what the common options left over: the model, if it is the first word, and the task's own options. */
async function evaluate(
  tasks: readonly Task[],
  options: EvalOptions,
  args: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const [model, rest] = modelAndRest(options, args);
  const bundle = await loadModel(model);
  const task = taskOf(tasks, bundle);
  const schemas = task.evaluationOptions(bundle);
  const own = addTaskOptions(new Command("eval"), schemas)
    .exitOverride()
    .allowExcessArguments(false)
    .showHelpAfterError("(dforce eval --help shows its options)")
    .parse(rest, { from: "user" });
  const values = await taskOptionValues(schemas, own.opts());
  const { out, force } = options;
  if (out !== undefined) {
    await checkOutputs({ files: [out], inputs: [...modelFiles(model), ...filesAmong(values)], force });
  }
  const backend = await openBackend(options);
  try {
    // An evaluation may take hours: that there is nowhere to write is said before.
    if (out !== undefined) await ensureWritable(dirname(out));
    const started = performance.now();
    const report = await withProgress(
      "measuring",
      100,
      (onProgress) =>
        task.evaluate(bundle, {
          backend,
          options: values,
          signal,
          onProgress: (done, total, note) => onProgress(Math.floor((100 * done) / total), note),
        }),
      { quiet: options.quiet, unit: "%" },
    );
    const seconds = (performance.now() - started) / 1000;
    const document = { model, ...report.document, seconds };
    const text = [report.title, formatTable(report.rows), ...(report.note === undefined ? [] : [report.note])];
    process.stdout.write(options.json ? `${JSON.stringify(document)}\n` : `${text.join("\n")}\n`);
    if (out !== undefined) await writePicture(out, task, report);
  } finally {
    await backend.dispose();
  }
}

async function writePicture(out: string, { name }: Task, { picture }: TaskReport): Promise<void> {
  if (picture === undefined) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `An evaluation of ${name} draws no picture; leave out --out ${describe(out)}.`,
    );
  }
  await writeAtomically(out, picture);
}
