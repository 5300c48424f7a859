import type { TrainingState } from "@diffusion-forcing/core";
import type { OptionValues, Task } from "@diffusion-forcing/tasks";
import { readInput } from "./files/input.js";
import { checkRunThere, readRun } from "./files/run-folder.js";
import { UsageError } from "./options.js";
import { parseRunConfig, type RunConfig } from "./run-config.js";
import { recordOptions, runOptionValues } from "./run-options.js";
import { filesAmong, flagOf, type GivenOptions } from "./task-options.js";
import { presetOf, taskNamed, usualPreset } from "./tasks.js";

/** What a run is to be, from the command line. */
export interface RunRequest {
  readonly preset?: string;
  readonly config?: string;
  readonly out: string;
  readonly seed?: number;
  readonly steps?: number;
}

/** What is asked for: a task by its name, and what it is told besides its recipe. */
export interface TaskRequest {
  readonly task?: string;
  readonly given: GivenOptions;
}

/** What a session of training starts from. */
export interface RunStart {
  readonly config: RunConfig;
  /** What the task is told besides its recipe. */
  readonly options: OptionValues;
  readonly state: TrainingState | undefined;
}

/** A run from a preset or a recipe. @throws UsageError, and what reading files throws */
export async function freshRun(tasks: readonly Task[], request: TaskRequest, options: RunRequest): Promise<RunStart> {
  const config = await recipe(tasks, request.task, options);
  const { trainingOptions = {} } = taskNamed(tasks, config.task);
  const values = await runOptionValues(trainingOptions, config.options ?? {}, request.given, false);
  const told = recordOptions(values);
  const recorded = Object.keys(told).length === 0 ? {} : { options: told };
  return { config: { ...config, ...recorded }, options: values, state: undefined };
}

/** The run that lives in `out`. @throws as `readRun` and `runOptionValues` */
export async function resumedRun(tasks: readonly Task[], { task, given }: TaskRequest, out: string): Promise<RunStart> {
  const { config, state } = await readRun(out, tasks);
  if (task !== undefined && task !== config.task) {
    throw new UsageError(`The run in ${out} is of the task ${config.task}, not of ${task}.`);
  }
  const { trainingOptions = {} } = taskNamed(tasks, config.task);
  return { config, options: await runOptionValues(trainingOptions, config.options ?? {}, given, true), state };
}

/** @throws UsageError for what a run that goes on cannot be told, `invalid-argument` if there is none */
export async function checkResumable(
  tasks: readonly Task[],
  { task, given }: TaskRequest,
  options: RunRequest,
): Promise<void> {
  const own = Object.keys(given).filter((name) => {
    const schemas = task === undefined ? {} : taskNamed(tasks, task).trainingOptions;
    return schemas?.[name]?.kind !== "file";
  });
  const common = (["preset", "config", "seed", "steps"] as const).filter((name) => options[name] !== undefined);
  for (const name of [...common, ...own]) {
    throw new UsageError(`${flagOf(name)} does not go with --resume: the run has its own.`);
  }
  await checkRunThere(options.out);
}

/** Files that a run reads. */
export function inputsOf({ options: values }: RunStart, config: string | undefined): string[] {
  return [...filesAmong(values), ...(config === undefined ? [] : [config])];
}

async function recipe(tasks: readonly Task[], name: string | undefined, options: RunRequest): Promise<RunConfig> {
  const named = name === undefined ? undefined : taskNamed(tasks, name);
  if (options.preset !== undefined && options.config !== undefined) {
    throw new UsageError("--preset and --config are both given; take one.");
  }
  const preset = options.preset ?? (named && usualPreset(named));
  if (preset === undefined && options.config === undefined) {
    throw new UsageError("Say what to train: a task, --preset or --config (or --resume to go on with a run).");
  }
  const base = options.config
    ? parseRunConfig(await readConfig(options.config), options.config, named ? [named] : tasks)
    : { ...presetOf(named ? [named] : tasks, preset as string), seed: 0 };
  const steps = options.steps ?? base.training.steps;
  return { ...base, training: { ...base.training, steps }, seed: options.seed ?? base.seed };
}

/** A config is a screenful. */
const MOST_CONFIG_BYTES = 1e6;

async function readConfig(path: string): Promise<string> {
  return new TextDecoder().decode(await readInput(path, MOST_CONFIG_BYTES));
}
