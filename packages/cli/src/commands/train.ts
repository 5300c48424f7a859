import { type Backend, isDiffusionForcingError, type TrainingState } from "@diffusion-forcing/core";
import { codecOn } from "@diffusion-forcing/core/bundle";
import { initialTrainingState, trainStream } from "@diffusion-forcing/core/training";
import type { PreparationContext, Task, TaskJob } from "@diffusion-forcing/tasks";
import { Command, Option } from "commander";
import { type BackendChoice, openBackend } from "../backend.js";
import { backendOption } from "../backends/choice.js";
import { ensureWritable } from "../files/atomic-write.js";
import { openMetricsLog } from "../files/metrics-log.js";
import {
  abandonRun,
  codecOfRun,
  codecStateOf,
  createRun,
  modelFits,
  type RunSummary,
  readSummary,
  writeCheckpoint,
  writeModel,
  writeSummary,
} from "../files/run-folder.js";
import { lockRun } from "../files/run-lock.js";
import { jsonOption, positive, quietOption, threadsOption, whole } from "../options.js";
import { type OnProgress, withProgress } from "../output/progress.js";
import { interruptible } from "../process/interrupt.js";
import { commandLine } from "../process/invocation.js";
import type { RunConfig } from "../run-config.js";
import {
  checkResumable,
  freshRun,
  inputsOf,
  type RunRequest,
  type RunStart,
  resumedRun,
  type TaskRequest,
} from "../run-start.js";
import { addTaskOptions, optionsSaid } from "../task-options.js";
import { presetNames, taskNamed, usualPreset } from "../tasks.js";

interface TrainOptions extends BackendChoice, RunRequest {
  readonly resume?: boolean;
  readonly minutes?: number;
  readonly checkpointEvery: number;
  readonly quiet?: boolean;
  readonly json?: boolean;
}

/** 24 days: timers count milliseconds in 31 bits, and one that overflows fires at once. */
const MOST_MINUTES = 35_000;

/** The task's own options are those of a subcommand; the others are read wherever they stand. */
export function trainCommand(tasks: readonly Task[]): Command {
  const command = new Command("train")
    .description("train a model for a task; --out becomes a model folder for eval, export and the like")
    .argument("[task]", "what the model is for; may be left out where the preset says it and the task takes no data")
    .addOption(new Option("--preset <name>", "a recipe of the task (default: its first)").choices(presetNames(tasks)))
    .option("--config <file>", "a recipe of your own, JSON as training.json of any run")
    .requiredOption("--out <folder>", "where the run lives")
    .option("--resume", "go on with the run in --out exactly where it stopped")
    .option("--seed <n>", "seed of parameters, data order and noise (default: 0)", whole("--seed"))
    .option("--steps <n>", "training steps, instead of the recipe's", whole("--steps", 1))
    .option("--checkpoint-every <n>", "steps between checkpoints", whole("--checkpoint-every", 1), 250)
    .option("--minutes <x>", "stop after this time, save, and say how to go on", positive("--minutes", MOST_MINUTES))
    .addOption(backendOption)
    .addOption(threadsOption)
    .addOption(quietOption)
    .addOption(jsonOption)
    .action((task: string | undefined, options: TrainOptions) =>
      runTraining(tasks, { ...(task === undefined ? {} : { task }), given: {} }, options),
    );
  for (const task of tasks) command.addCommand(taskCommand(tasks, task, command));
  return command;
}

function taskCommand(tasks: readonly Task[], task: Task, parent: Command): Command {
  const { name, summary, presets, trainingOptions = {} } = task;
  return addTaskOptions(new Command(name), trainingOptions)
    .description(`${summary}; presets ${Object.keys(presets).join(", ")}`)
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError(`(dforce train ${name} --help shows its options)`)
    .exitOverride()
    .action((_: unknown, own: Command) =>
      runTraining(tasks, { task: name, given: optionsSaid(own) }, parent.opts<TrainOptions>()),
    );
}

/** What a session of training starts from. */
interface Session extends RunStart {
  /** Told when the session has claimed its folder, and of every step. */
  readonly onStep: (step: number) => void;
  /** Fires when the session is to save and end. */
  readonly signal: AbortSignal;
}

async function runTraining(tasks: readonly Task[], request: TaskRequest, options: TrainOptions): Promise<void> {
  let step: number | undefined;
  const onStep = (done: number): void => {
    step = done;
  };
  const stopped = (): string =>
    step === undefined
      ? "Stopped before anything was trained."
      : `Stopped after step ${step}; nothing is lost. Go on with: ${resumeCommand(options)}`;
  const timeUp = new AbortController();
  const timer = options.minutes === undefined ? undefined : setTimeout(() => timeUp.abort(), options.minutes * 60_000);
  try {
    const summary = await interruptible(
      async (signal) =>
        trainInFolder(tasks, request, options, { onStep, signal: AbortSignal.any([signal, timeUp.signal]) }).catch(
          (error) => {
            if (signal.aborted || !timeUp.signal.aborted || !isDiffusionForcingError(error, "aborted")) throw error;
            return undefined;
          },
        ),
      "saving and stopping after this step",
      stopped,
    );
    if (summary === undefined) {
      const { out } = options;
      const text = `${options.minutes} minutes are over. ${stopped()}`;
      process.stdout.write(options.json ? `${JSON.stringify({ out, finished: false, steps: step })}\n` : `${text}\n`);
    } else {
      const document = { ...summary, finished: true };
      process.stdout.write(options.json ? `${JSON.stringify(document)}\n` : `${formatSummary(tasks, summary)}\n`);
    }
  } finally {
    clearTimeout(timer);
  }
}

function resumeCommand({ out, backend, threads }: TrainOptions): string {
  const given = backendOption.defaultValue === backend ? [] : ["--backend", backend];
  const threadCount = threads === undefined ? [] : ["--threads", String(threads)];
  return commandLine("train", "--resume", "--out", out, ...given, ...threadCount);
}

function formatSummary(tasks: readonly Task[], { task, out, steps, seconds, loss }: RunSummary): string {
  const lossText = loss === null ? "" : `; recent loss ${loss.toFixed(4)}`;
  return `Trained ${steps} steps, the last session in ${seconds.toFixed(0)} s${lossText}. Next: ${commandLine(...nextCommand(tasks, task), "--model", out)}`;
}

/** What there is to see of a model. */
function nextCommand(tasks: readonly Task[], task: string): readonly string[] {
  if (taskNamed(tasks, task).forecasting !== undefined) return ["forecast", "--data", "FILE"];
  return [task === "maze2d" ? "plan" : "eval"];
}

/** Starts or resumes the run in `--out`, which is this process's alone as long as it takes. */
async function trainInFolder(
  tasks: readonly Task[],
  request: TaskRequest,
  options: TrainOptions,
  events: Pick<Session, "onStep" | "signal">,
): Promise<RunSummary> {
  if (options.resume) await checkResumable(tasks, request, options);
  const fresh = options.resume ? undefined : await freshRun(tasks, request, options);
  if (fresh && !options.quiet && options.preset === undefined && options.config === undefined) {
    const task = taskNamed(tasks, fresh.config.task);
    const others = Object.keys(task.presets).filter((name) => name !== usualPreset(task));
    process.stderr.write(`preset ${usualPreset(task)}${others.length > 0 ? ` (others: ${others.join(", ")})` : ""}\n`);
  }
  // Before anything is written: a run that cannot compute leaves no folder behind.
  let backend = fresh && (await openBackend(options));
  try {
    await ensureWritable(options.out);
    const lock = await lockRun(options.out);
    try {
      if (fresh) await createRun(options.out, fresh.config, inputsOf(fresh, options.config));
      const { config, options: values, state } = fresh ?? (await resumedRun(tasks, request, options.out));
      events.onStep(state?.step ?? 0);
      const session = { ...events, config, options: values, state };
      const earlier =
        state && state.step >= config.training.steps ? await finishedRun(tasks, options, session) : undefined;
      if (earlier === undefined) backend ??= await openBackend(options);
      const summary = backend
        ? await trainOn(tasks, options, backend, session)
        : { ...(earlier as RunSummary), out: options.out };
      await writeSummary(options.out, summary);
      return summary;
    } finally {
      lock.release();
    }
  } finally {
    await backend?.dispose();
  }
}

/** The summary of a finished run, whose model files are mended from its checkpoint if they are damaged. */
async function finishedRun(
  tasks: readonly Task[],
  { out, ...choice }: TrainOptions,
  { config, options, state }: Session,
): Promise<RunSummary | undefined> {
  if (state !== undefined && !(await modelFits(out, state))) {
    process.stderr.write(`the model in ${out} is damaged or not that of its checkpoint: written anew from there\n`);
    const backend = await openBackend(choice);
    try {
      await writeModel(out, await jobOf(tasks, config, { options, backend }), state);
    } finally {
      await backend.dispose();
    }
  }
  return state && readSummary(out, config, state.step);
}

/** Data and model of a run, which its recipe and options determine. */
function jobOf(
  tasks: readonly Task[],
  { task, seed: _, options: __, ...recipe }: RunConfig,
  context: PreparationContext,
): Promise<TaskJob> {
  return taskNamed(tasks, task).prepare(recipe, context);
}

/**
 * The job of a session. What a task learns before training, its codec, is kept in the folder as soon as it is known, with
 * a state of no steps.
 */
async function preparedJob(
  tasks: readonly Task[],
  { out, quiet }: TrainOptions,
  backend: Backend,
  { config, options, state, signal }: Session,
): Promise<TaskJob> {
  const codec = state && (await codecOfRun(out));
  const codecState = codecStateOf(out);
  const job = await withProgress(
    "preparing",
    100,
    (onProgress) =>
      jobOf(tasks, config, {
        options,
        backend,
        signal,
        codecState,
        ...(codec ? { codec: codecOn(backend, codec) } : {}),
        onProgress: (done, total, note) => onProgress(Math.floor((100 * done) / total), note),
      }),
    { quiet, unit: "%" },
  ).catch(async (error: unknown) => {
    if (state === undefined && !isDiffusionForcingError(error, "aborted")) await abandonRun(out);
    throw error;
  });
  if (state === undefined && job.codec?.parameters !== undefined) {
    await writeCheckpoint(
      out,
      config,
      job,
      initialTrainingState(job.trainable ?? job.diffusion, { seed: config.seed, keepEma: true }),
    );
    await codecState.discard();
  }
  return job;
}

/** Trains from the session's state, or from the start, to the end of the run. */
async function trainOn(
  tasks: readonly Task[],
  options: TrainOptions,
  backend: Backend,
  session: Session,
): Promise<RunSummary> {
  const { config, state, signal, onStep } = session;
  const { task, training, seed } = config;
  const { out, threads, quiet } = options;
  const job = await preparedJob(tasks, options, backend, session);
  if (!quiet) {
    const about = Object.entries(job.about).map(([name, value]) => `${name} ${value}`);
    process.stderr.write(`data: ${about.join(", ")}\n`);
  }
  const log = await openMetricsLog(out, state?.step ?? 0);
  const started = performance.now();
  const secondsHere = (): number => (performance.now() - started) / 1000;
  let loss: number | null = null;
  let validated = "";
  let reached = state?.step ?? 0;
  let unsaved: TrainingState | undefined;
  // A resumed run cuts off what was logged beyond its checkpoint, but cannot win back what was not logged before it.
  const keep = async (): Promise<void> => {
    const state = unsaved;
    unsaved = undefined;
    try {
      await log.flush();
    } finally {
      // Training is worth more than its log.
      if (state !== undefined) await writeCheckpoint(out, config, job, state);
    }
  };
  const run = trainStream(job.trainable ?? job.diffusion, {
    backend,
    batches: job.batches,
    ...(job.evaluate ? { evaluate: job.evaluate } : {}),
    steps: training.steps,
    seed,
    optimizer: { learningRate: training.learningRate },
    learningRate: training.schedule,
    emaDecay: training.emaDecay,
    checkpoint: {
      every: options.checkpointEvery,
      // Held back until its own step is logged, of which is told only afterwards.
      save: (snapshot) => {
        unsaved = snapshot;
      },
    },
    signal,
    ...(state ? { resume: state } : {}),
  });
  const work = async (onProgress: OnProgress): Promise<void> => {
    for await (const progress of run) {
      const { step, learningRate, gradientNorm = null, validationLoss } = progress;
      onStep(step);
      reached = step;
      const seconds = Number((log.secondsBefore + secondsHere()).toFixed(3));
      const validation = validationLoss === undefined ? {} : { validationLoss };
      log.add({ step, loss: progress.loss, gradientNorm, learningRate, ...validation, seconds });
      if (unsaved !== undefined) await keep();
      loss = loss === null ? progress.loss : 0.98 * loss + 0.02 * progress.loss;
      if (validationLoss !== undefined) validated = `, validation ${validationLoss.toFixed(4)}`;
      onProgress(step, `loss ${loss.toFixed(4)}${validated}`);
    }
  };
  try {
    await withProgress("training", training.steps, work, { done: state?.step ?? 0, quiet });
  } finally {
    await keep();
  }
  const seconds = secondsHere();
  // A run that had stopped early has nothing left to do.
  const earlier = loss === null ? await readSummary(out, config, reached) : undefined;
  if (earlier !== undefined) return { ...earlier, out };
  return {
    out,
    task,
    ...job.about,
    seed,
    steps: reached,
    loss,
    seconds,
    threads: threads ?? "all",
  };
}
