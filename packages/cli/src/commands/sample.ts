import { join } from "node:path";
import { type Bundle, DiffusionForcingError, type HostTensor } from "@diffusion-forcing/core";
import { encodeSafetensors, type SafetensorsTensor } from "@diffusion-forcing/core/bundle";
import { type SampledPart, sampleTokens, type Task, tokenSamplingOptions } from "@diffusion-forcing/tasks";
import { encodeApng, encodeGif, encodePng } from "@diffusion-forcing/tasks/pictures";
import { Command, Option } from "commander";
import { type BackendChoice, openBackend } from "../backend.js";
import { backendOption } from "../backends/choice.js";
import { ensureWritable, writeAtomically } from "../files/atomic-write.js";
import { loadModel, modelFiles } from "../files/models.js";
import { checkOutputs, forceOption } from "../files/outputs.js";
import { jsonOption, MOST_AT_A_TIME, quietOption, seedOption, threadsOption, UsageError, whole } from "../options.js";
import { withProgress } from "../output/progress.js";
import { formatTable } from "../output/table.js";
import { interruptible } from "../process/interrupt.js";
import { addTaskOptions, type GivenOptions, optionsSaid, taskOptionValues } from "../task-options.js";
import { taskOf } from "../tasks.js";

interface SampleOptions extends BackendChoice {
  readonly model?: string;
  readonly length: number;
  readonly batch: number;
  readonly seed: number;
  readonly out?: string;
  readonly raw: "safetensors" | "json";
  readonly force?: boolean;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** Where samples go unless told otherwise: those of the last time make way. */
const usualFolder = "out";
/** Numbers that are kept: half a gigabyte. */
const MOST_NUMBERS = 2 ** 27;

/** A task's own options are those of a subcommand; the others are read wherever they stand. */
export function sampleCommand(tasks: readonly Task[]): Command {
  const command = new Command("sample")
    .description("imagine sequences with a model, and draw them where they can be seen")
    .argument("[task]", "whose usual model is taken; may be left out with --model")
    .option("--model <name>", "a bundled model or a model folder (default: the task's usual one)")
    .option("--length <n>", "items of each sequence to imagine: frames, points, notes", whole("--length", 1), 64)
    .option("--batch <n>", "how many sequences", whole("--batch", 1, MOST_AT_A_TIME), 1)
    .option("--out <folder>", `where the samples go (default: ${usualFolder}, replacing the last)`)
    .addOption(
      new Option("--raw <format>", "how the numbers are written")
        .choices(["safetensors", "json"])
        .default("safetensors"),
    )
    .addOption(seedOption)
    .addOption(backendOption)
    .addOption(threadsOption)
    .addOption(forceOption)
    .addOption(quietOption)
    .addOption(jsonOption)
    .action((name: string | undefined, options: SampleOptions) => {
      if (name !== undefined) {
        throw new UsageError(
          `There is no task "${name}"; the known ones are ${tasks.map((task) => task.name).join(", ")}.`,
        );
      }
      return runSampling(tasks, undefined, {}, options);
    });
  for (const task of tasks) command.addCommand(taskCommand(tasks, task, command));
  return command;
}

function taskCommand(tasks: readonly Task[], task: Task, parent: Command): Command {
  return addTaskOptions(new Command(task.name), task.sampling?.options() ?? tokenSamplingOptions())
    .description(task.summary)
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError(`(dforce sample ${task.name} --help shows its options)`)
    .exitOverride()
    .action((_: unknown, own: Command) => runSampling(tasks, task, optionsSaid(own), parent.opts<SampleOptions>()));
}

async function runSampling(
  tasks: readonly Task[],
  task: Task | undefined,
  given: GivenOptions,
  options: SampleOptions,
): Promise<void> {
  await interruptible(
    (signal) => sample(tasks, task, given, options, signal),
    "stopping",
    () => "Stopped; nothing was written.",
  );
}

async function sample(
  tasks: readonly Task[],
  named: Task | undefined,
  given: GivenOptions,
  options: SampleOptions,
  signal: AbortSignal,
): Promise<void> {
  const { out = usualFolder, length, batch, seed, quiet, raw } = options;
  const model = options.model ?? named?.sampling?.model;
  if (model === undefined) throw new UsageError("Give --model: a bundled model or a model folder.");
  const possible = {
    gif: join(out, "sample.gif"),
    apng: join(out, "sample.apng"),
    png: join(out, "sample.png"),
    raw: join(out, `sample.${raw}`),
  };
  const force = options.force ?? options.out === undefined;
  await checkOutputs({ files: Object.values(possible), inputs: modelFiles(model), force });
  const bundle = await loadModel(model);
  const task = taskOf(tasks, bundle);
  const numbers = bundle.diffusion.model.tokenShape.reduce((product, axis) => product * axis, batch * length);
  if (numbers > MOST_NUMBERS) throw tooMany();
  const { format } = task;
  const own = Array.from({ length: format ? batch : 0 }, (_, i) => join(out, `sample-${i + 1}.${format?.extension}`));
  await checkOutputs({ files: own, inputs: modelFiles(model), force });
  if (named !== undefined && named.name !== task.name) {
    throw new UsageError(`The model ${model} is for the task ${task.name}, not for ${named.name}.`);
  }
  const { stream, schemas } = samplingOf(task, bundle);
  const values = await taskOptionValues(schemas, given);
  const backend = await openBackend(options);
  await ensureWritable(out);
  try {
    const context = { backend, batch, length, seed, options: values, signal };
    const { sequences, givenItems, milliseconds } = await withProgress(
      "imagining",
      length,
      (onProgress) => collect(stream(bundle, context), onProgress),
      { quiet, unit: "items" },
    );
    const pictures = task.picture?.(sequences, givenItems);
    const files: Record<string, string> = { raw: possible.raw };
    for (const [i, bytes] of (format?.encode(sequences) ?? []).entries()) {
      await writeAtomically(own[i] as string, bytes);
      files[`${format?.extension}${i + 1}`] = own[i] as string;
    }
    await writeAtomically(possible.raw, encoded(sequences, raw));
    if (pictures !== undefined) {
      await writeAtomically(possible.gif, encodeGif(pictures.film));
      await writeAtomically(possible.apng, encodeApng(pictures.film));
      await writeAtomically(possible.png, encodePng(pictures.still));
      Object.assign(files, { gif: possible.gif, apng: possible.apng, png: possible.png });
    }
    const document = {
      model,
      task: task.name,
      seed,
      shape: sequences.shape,
      given: givenItems,
      millisecondsPerItem: milliseconds,
      files,
    };
    process.stdout.write(options.json ? `${JSON.stringify(document)}\n` : `${describeSamples(document)}\n`);
  } finally {
    await backend.dispose();
  }
}

function samplingOf(task: Task, bundle: Bundle) {
  const { sampling } = task;
  if (sampling === undefined) return { stream: sampleTokens, schemas: tokenSamplingOptions(bundle) };
  return { stream: sampling.stream.bind(sampling), schemas: sampling.options(bundle) };
}

/** All parts in one, and how long an item took without the first, which compiles. */
async function collect(parts: AsyncIterable<SampledPart>, onProgress: (done: number) => void) {
  const kept: HostTensor[] = [];
  let [givenItems, done, numbers] = [0, 0, 0];
  let first: { done: number; at: number } | undefined;
  let milliseconds: number | null = null;
  for await (const { sequences, isGiven } of parts) {
    kept.push(sequences);
    numbers += sequences.data.length;
    if (numbers > MOST_NUMBERS) throw tooMany();
    const items = sequences.shape[1] as number;
    if (isGiven) givenItems += items;
    else done += items;
    if (first !== undefined) milliseconds = (performance.now() - first.at) / (done - first.done);
    else if (!isGiven) first = { done, at: performance.now() };
    onProgress(done);
  }
  return { sequences: joined(kept), givenItems, milliseconds };
}

function tooMany(): DiffusionForcingError {
  return new DiffusionForcingError(
    "invalid-argument",
    `The samples have more than ${MOST_NUMBERS} numbers, which this command keeps until it draws them: take a lower --length or --batch, or sample in code, item by item.`,
  );
}

/** Parts [B, n, ...] of the same sequences one after the other. */
function joined(parts: readonly HostTensor[]): HostTensor {
  const [first] = parts;
  if (first === undefined || parts.length === 1) return first as HostTensor;
  const [batch, , ...item] = first.shape as [number, number, ...number[]];
  const total = parts.reduce((sum, { shape }) => sum + (shape[1] as number), 0);
  const size = item.reduce((product, axis) => product * axis, 1);
  const data = new (first.data.constructor as Float32ArrayConstructor)(batch * total * size);
  let from = 0;
  for (const { data: part, shape } of parts) {
    const length = (shape[1] as number) * size;
    for (let b = 0; b < batch; b++) data.set(part.subarray(b * length, (b + 1) * length), b * total * size + from);
    from += length;
  }
  return { ...first, shape: [batch, total, ...item], data } as HostTensor;
}

function encoded(sequences: HostTensor, format: SampleOptions["raw"]): Uint8Array | string {
  if (format === "safetensors") return encodeSafetensors({ sequences: sequences as SafetensorsTensor });
  return `${JSON.stringify({ shape: sequences.shape, data: [...sequences.data] })}\n`;
}

function describeSamples(samples: {
  readonly model: string;
  readonly shape: readonly number[];
  readonly given: number;
  readonly millisecondsPerItem: number | null;
  readonly files: Readonly<Record<string, string>>;
}): string {
  const { model, shape, given, millisecondsPerItem, files } = samples;
  const rows = [
    ["model", model],
    ["sequences", `${shape[0]} of ${shape[1]} items [${shape.slice(2).join(", ")}]`],
    ...(given > 0 ? [["  given of each", String(given)]] : []),
    ...(millisecondsPerItem === null ? [] : [["an item took", `${millisecondsPerItem.toFixed(0)} ms`]]),
  ];
  return `${formatTable(rows)}\nwrote ${Object.values(files).join(", ")}`;
}
