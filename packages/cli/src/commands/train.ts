import { readFile } from "node:fs/promises";
import { DiffusionForcingError, isDiffusionForcingError, type TrainingState } from "@diffusion-forcing/core";
import { trainStream } from "@diffusion-forcing/core/training";
import {
  fitNormalizer,
  generateMazeDataset,
  mazeDatasetChecksum,
  mazes,
  plannerPresets,
  plannerProcess,
  trainingWindows,
} from "@diffusion-forcing/tasks/maze2d";
import { Command, Option } from "commander";
import { type BackendChoice, openBackend } from "../backend.js";
import { backendOption } from "../backends/choice.js";
import {
  createRun,
  type RunConfig,
  type RunSummary,
  readRun,
  readSummary,
  writeCheckpoint,
  writeSummary,
} from "../files/run-folder.js";
import { jsonOption, threadsOption, UsageError, whole } from "../options.js";
import { type OnProgress, withProgress } from "../output/progress.js";
import { parseRunConfig } from "../run-config.js";

interface TrainOptions extends BackendChoice {
  readonly preset?: keyof typeof plannerPresets;
  readonly config?: string;
  readonly out: string;
  readonly resume?: boolean;
  readonly seed?: number;
  readonly steps?: number;
  readonly checkpointEvery: number;
  readonly json?: boolean;
}

export function trainCommand(): Command {
  return new Command("train")
    .description("train a Maze2D planner; --out becomes a model folder for plan, eval and export")
    .addOption(new Option("--preset <name>", "a recipe").choices(Object.keys(plannerPresets)))
    .option("--config <file>", "a recipe of your own, JSON as training.json of any run")
    .requiredOption("--out <folder>", "where the run lives")
    .option("--resume", "go on with the run in --out exactly where it stopped")
    .option("--seed <n>", "seed of parameters, data order and noise (default: 0)", whole("--seed"))
    .option("--steps <n>", "training steps, instead of the recipe's", whole("--steps", 1))
    .option("--checkpoint-every <n>", "steps between checkpoints", whole("--checkpoint-every", 1), 250)
    .addOption(backendOption)
    .addOption(threadsOption)
    .addOption(jsonOption)
    .action(runTraining);
}

async function recipe(options: TrainOptions): Promise<RunConfig> {
  if ((options.preset === undefined) === (options.config === undefined)) {
    throw new UsageError("Give either --preset or --config (or --resume to go on with a run).");
  }
  const base = options.config
    ? parseRunConfig(await readConfig(options.config), options.config)
    : { ...plannerPresets[options.preset as keyof typeof plannerPresets], seed: 0 };
  const steps = options.steps ?? base.training.steps;
  return { ...base, training: { ...base.training, steps }, seed: options.seed ?? base.seed };
}

async function readConfig(path: string): Promise<string> {
  return readFile(path, "utf8").catch((cause: unknown) => {
    throw new DiffusionForcingError(
      "invalid-argument",
      `The config ${path} cannot be read: ${(cause as Error).message}.`,
      {
        cause,
      },
    );
  });
}

async function openRun(options: TrainOptions): Promise<Awaited<ReturnType<typeof readRun>>> {
  if (!options.resume) return { config: await recipe(options), state: undefined };
  for (const name of ["preset", "config", "seed", "steps"] as const) {
    if (options[name] !== undefined) throw new UsageError(`--${name} does not go with --resume: the run has its own.`);
  }
  return readRun(options.out);
}

async function runTraining(options: TrainOptions): Promise<void> {
  const { config, state } = await openRun(options);
  const finished = state !== undefined && state.step >= config.training.steps;
  const earlier = finished ? await readSummary(options.out) : undefined;
  const summary = earlier ? { ...earlier, out: options.out } : await continueRun(options, config, state);
  await writeSummary(options.out, summary);
  process.stdout.write(options.json ? `${JSON.stringify(summary)}\n` : `${formatSummary(summary)}\n`);
}

function formatSummary({ out, steps, seconds, loss }: RunSummary): string {
  const lossText = loss === null ? "" : `; recent loss ${loss.toFixed(4)}`;
  return `Trained ${steps} steps, the last session in ${seconds.toFixed(0)} s${lossText}. Next: dforce plan --model ${quoted(out)}`;
}

/** A path as it can be pasted into a shell. */
function quoted(path: string): string {
  return /^[\w./\\:,-]+$/.test(path) ? path : JSON.stringify(path);
}

/** Trains from `state`, or from the start, to the end of the run. */
async function continueRun(
  options: TrainOptions,
  config: RunConfig,
  state: TrainingState | undefined,
): Promise<RunSummary> {
  const { planner, training, seed } = config;
  const { out, threads } = options;
  const backend = await openBackend(options);
  // Only now: a run that cannot compute leaves no folder behind.
  if (!options.resume) await createRun(options.out, config);
  const dataset = generateMazeDataset({
    maze: mazes[planner.maze],
    steps: training.dataSteps,
    seed: training.dataSeed,
  });
  const dataChecksum = await mazeDatasetChecksum(dataset);
  process.stderr.write(
    `data: ${training.dataSteps} steps of ${planner.maze}, seed ${training.dataSeed}, SHA-256 ${dataChecksum}\n`,
  );
  const normalizer = fitNormalizer(dataset, planner.fields);
  const interrupt = new AbortController();
  const onInterrupt = (): void => interrupt.abort();
  process.once("SIGINT", onInterrupt);
  process.once("SIGTERM", onInterrupt);

  const started = performance.now();
  let step = state?.step ?? 0;
  let loss: number | null = null;
  const run = trainStream(plannerProcess(planner), {
    backend,
    batches: trainingWindows(planner, dataset, normalizer, training.tokensPerStep),
    steps: training.steps,
    seed,
    optimizer: { learningRate: training.learningRate },
    learningRate: training.schedule,
    emaDecay: training.emaDecay,
    checkpoint: {
      every: options.checkpointEvery,
      save: (snapshot) => writeCheckpoint(out, config, normalizer, snapshot),
    },
    signal: interrupt.signal,
    ...(state ? { resume: state } : {}),
  });
  const work = async (onProgress: OnProgress): Promise<void> => {
    for await (const progress of run) {
      step = progress.step;
      loss = loss === null ? progress.loss : 0.98 * loss + 0.02 * progress.loss;
      onProgress(step, `loss ${loss.toFixed(4)}`);
    }
  };
  try {
    await withProgress("training", training.steps, work, step);
  } catch (error) {
    if (!isDiffusionForcingError(error, "aborted")) throw error;
    const given = backendOption.defaultValue === options.backend ? "" : ` --backend ${quoted(options.backend)}`;
    const again = `dforce train --resume --out ${quoted(out)}${given}${threads === undefined ? "" : ` --threads ${threads}`}`;
    throw new DiffusionForcingError("aborted", `Stopped after step ${step}; nothing is lost. Go on with: ${again}`);
  } finally {
    process.off("SIGINT", onInterrupt);
    process.off("SIGTERM", onInterrupt);
    await backend.dispose();
  }
  const seconds = (performance.now() - started) / 1000;
  return { out, maze: planner.maze, seed, steps: step, loss, seconds, threads: threads ?? "all", dataChecksum };
}
