import type { Task } from "@diffusion-forcing/tasks";
import { Command } from "commander";
import { type BackendChoice, openBackend } from "../backend.js";
import { backendOption } from "../backends/choice.js";
import { loadModel } from "../files/models.js";
import { jsonOption, quietOption, threadsOption } from "../options.js";
import { withProgress } from "../output/progress.js";
import { formatTable } from "../output/table.js";
import { interruptible } from "../process/interrupt.js";
import { addTaskOptions, describeTaskOptions, taskOptionValues } from "../task-options.js";
import { taskOf } from "../tasks.js";

interface EvalOptions extends BackendChoice {
  readonly model: string;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** The options that every task has. */
function withCommonOptions(command: Command): Command {
  return command
    .option("--model <name>", "umaze, medium, large or a model folder", "medium")
    .addOption(backendOption)
    .addOption(threadsOption)
    .addOption(quietOption)
    .addOption(jsonOption);
}

export function evalCommand(tasks: readonly Task[]): Command {
  const command = withCommonOptions(new Command("eval"))
    .description("measure a model at its task, with 95 % intervals; what else may be said depends on the task")
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

/** @param args what the common options left over: the task's own options. */
async function evaluate(
  tasks: readonly Task[],
  options: EvalOptions,
  args: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const bundle = await loadModel(options.model);
  const task = taskOf(tasks, bundle);
  const schemas = task.evaluationOptions(bundle);
  const own = addTaskOptions(new Command("eval"), schemas)
    .exitOverride()
    .allowExcessArguments(false)
    .showHelpAfterError("(dforce eval --help shows its options)")
    .parse(args, { from: "user" });
  const values = await taskOptionValues(schemas, own.opts());
  const backend = await openBackend(options);
  const started = performance.now();
  try {
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
    const document = { model: options.model, ...report.document, seconds };
    const text = [report.title, formatTable(report.rows), ...(report.note === undefined ? [] : [report.note])];
    process.stdout.write(options.json ? `${JSON.stringify(document)}\n` : `${text.join("\n")}\n`);
  } finally {
    await backend.dispose();
  }
}
