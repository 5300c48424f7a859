import { join } from "node:path";
import type { ForecastReport, Task } from "@diffusion-forcing/tasks";
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
import { addTaskOptions, describeTaskOptions, taskOptionValues } from "../task-options.js";
import { taskOf } from "../tasks.js";

interface ForecastOptions extends BackendChoice {
  readonly model: string;
  readonly out: string;
  readonly seed: number;
  readonly force?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** Of drawings as PNG, in pixels. */
const pictureWidth = 1260;

export function forecastCommand(tasks: readonly Task[]): Command {
  const command = new Command("forecast")
    .description(
      "go on with series of yours: samples, quantiles and a fan chart; what else may be said depends on the task",
    )
    .usage("--model <name> --data <file> [options]")
    .requiredOption("--model <name>", "a bundled model or a model folder")
    .option("--out <folder>", "where samples, quantiles and pictures go", "forecast")
    .addOption(seedOption)
    .addOption(forceOption)
    .addOption(backendOption)
    .addOption(threadsOption)
    .addOption(quietOption)
    .addOption(jsonOption)
    .allowUnknownOption()
    .allowExcessArguments();
  for (const { name, forecasting } of tasks) {
    if (forecasting === undefined) continue;
    command.addHelpText("after", `\nModels of ${name}:\n${describeTaskOptions(forecasting.options())}`);
  }
  return command.action(async (options: ForecastOptions, { args }: Command) => {
    await interruptible(
      (signal) => forecast(tasks, options, args, signal),
      "stopping",
      () => "Stopped; nothing was written.",
    );
  });
}

/** @param args what the common options left over: the task's own options. */
async function forecast(
  tasks: readonly Task[],
  options: ForecastOptions,
  args: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const { model, out, seed, quiet } = options;
  const bundle = await loadModel(model);
  const { name, forecasting } = taskOf(tasks, bundle);
  if (forecasting === undefined)
    throw new UsageError(`The model ${model} is for the task ${name}, which forecasts nothing.`);
  const schemas = forecasting.options(bundle);
  const own = addTaskOptions(new Command("forecast"), schemas)
    .exitOverride()
    .allowExcessArguments(false)
    .showHelpAfterError("(dforce forecast --help shows its options)")
    .parse(args, { from: "user" });
  const values = await taskOptionValues(schemas, own.opts());
  const inputs = Object.values(values).flatMap((value) => (typeof value === "object" ? [value.name] : []));
  const backend = await openBackend(options);
  let report: ForecastReport;
  try {
    report = await withProgress(
      "forecasting",
      100,
      (onProgress) =>
        forecasting.forecast(bundle, {
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
  const files = Object.entries(report.files).flatMap(([file, content]): [string, string | Uint8Array][] => {
    if (!file.endsWith(".svg")) return [[file, content]];
    return [
      [file, content],
      [file.replace(/svg$/, "png"), toPng(String(content), pictureWidth)],
    ];
  });
  const paths = files.map(([file]) => join(out, file));
  await checkOutputs({ files: paths, inputs: [...inputs, ...modelFiles(model)], force: options.force });
  await ensureWritable(out);
  for (const [i, [, content]] of files.entries()) await writeAtomically(paths[i] as string, content);
  const document = { model, ...report.document, files: paths };
  const notes = [`wrote ${paths.join(", ")}`, ...(report.note === undefined ? [] : [report.note])];
  const text = [report.title, formatTable(report.rows), ...notes];
  process.stdout.write(options.json ? `${JSON.stringify(document)}\n` : `${text.join("\n")}\n`);
}
