/**
 * Makes a bundled model of a run, stored as float16, measures it as `dforce eval` does, and writes its card:
 * `npm run task-card -- NAME RUN [DATA]`
 *
 * RUN may be the bundled model's own folder: then only its evaluation and card are written anew.
 */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { basename, join, resolve } from "node:path";
import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { loadBundle, saveBundle } from "@diffusion-forcing/core/bundle";
import { folderStore } from "@diffusion-forcing/core/node";
import { type OptionValues, tasks } from "@diffusion-forcing/tasks";
import { cardText, type RunFacts } from "./card-text.js";
import { models } from "./models.js";

const [name = "", run, data] = process.argv.slice(2);
const model = models[name];
if (model === undefined || run === undefined || (model.readsData && data === undefined)) {
  process.stderr.write(`usage: npm run task-card -- ${Object.keys(models).join("|")} RUN [DATA]\n`);
  process.exit(2);
}

const readJson = <T>(path: string): T => JSON.parse(readFileSync(path, "utf8")) as T;

type Duration = Pick<RunFacts, "steps" | "seconds">;

type Training = Pick<RunFacts, "task" | "seed"> & { readonly options?: Pick<RunFacts, "data"> };

/** A run's `training.json`; of the path of its data only the file's name, which is all that others have in common. */
function trainingOf(folder: string): Training {
  const training = readJson<Training>(join(folder, "training.json"));
  const { options } = training;
  if (options?.data === undefined) return training;
  return { ...training, options: { ...options, data: { ...options.data, file: basename(options.data.file) } } };
}

/** What a run's folder says of its training: the log of its steps, or the summary, which a bundled model keeps. */
function factsOf(folder: string): RunFacts {
  const { task, seed, options } = trainingOf(folder);
  const log = join(folder, "metrics.jsonl");
  if (!existsSync(log)) return { task, seed, ...options, ...readJson<Duration>(join(folder, "summary.json")) };
  const last = readFileSync(log, "utf8").trim().split("\n").at(-1) as string;
  const { step: steps, seconds } = JSON.parse(last) as { readonly step: number; readonly seconds: number };
  return { task, seed, steps, seconds, ...options };
}

const folder = join("packages", "tasks", "models", name);
const facts = factsOf(run);
if (resolve(run) !== resolve(folder)) {
  const { card, ...bundle } = await loadBundle(folderStore(run));
  await saveBundle({ ...bundle, ...(card ? { card: { license: "MIT", ...card } } : {}) }, folderStore(folder), {
    weights: "float16",
  });
  writeFileSync(join(folder, "training.json"), `${JSON.stringify(trainingOf(run), null, 2)}\n`);
  writeFileSync(join(folder, "summary.json"), `${JSON.stringify({ steps: facts.steps, seconds: facts.seconds })}\n`);
}
const bundle = await loadBundle(folderStore(folder));
const task = tasks.find((one) => one.name === facts.task);
if (task === undefined) throw new Error(`There is no task ${facts.task}.`);
const backend = await onnxBackend({ threads: 1 });
const options: OptionValues = {
  ...model.options,
  ...(data === undefined ? {} : { data: { name: basename(data), bytes: readFileSync(data) } }),
};
const { title, rows, note, document, picture } = await task.evaluate(bundle, {
  backend,
  options,
  onProgress: (done, total, what) => process.stderr.write(`${done}/${total} ${what ?? ""}\n`),
});
await backend.dispose();
const evaluation = { title, rows, ...document };
writeFileSync(join(folder, "evaluation.json"), `${JSON.stringify(evaluation, null, 2)}\n`);
// The picture is drawn anew where the docs show one.
const shown = join("docs", `${name}.svg`);
if (picture !== undefined && existsSync(shown)) writeFileSync(shown, picture);
const report = { title, rows, ...(note === undefined ? {} : { note }) };
writeFileSync(join(folder, "README.md"), cardText({ name, model, run: facts, report, cores: cpus().length }));
