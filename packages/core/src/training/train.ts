import type { Backend, Executable } from "../engine/backend/contract.js";
import { DiffusionForcingError, throwIfAborted } from "../engine/errors.js";
import { createRandom, type RandomStream } from "../engine/random/index.js";
import {
  disposeTensor,
  type HostTensor,
  type HostTensorRecord,
  isHostTensor,
  readTensor,
  type Tensor,
  zeros,
} from "../engine/tensor/tensor.js";
import type { Model } from "../models/model.js";
import type { DiffusionProcess, LossOptions } from "../process/loss.js";
import { independentNoiseLevels } from "../process/noise-levels.js";
import { type Batch, type BatchSource, checkBatch } from "./batch.js";
import { checkLearningRate, type LearningRateSchedule, learningRateFactor } from "./learning-rate.js";
import { type AdamWOptions, adamWScalars, completeAdamW } from "./optimizer.js";
import { checkFiniteState, checkTrainingState, initialTrainingState, type TrainingState } from "./state.js";
import { packState, type StateGroup, type StepGraphOptions, trainingStepGraph, unpackState } from "./step-graph.js";

export interface TrainingOptions {
  readonly backend: Backend;
  readonly batches: BatchSource;
  /** Steps of the whole run, those before a resumed state included. */
  readonly steps: number;
  /** Seeds parameters, data order, levels and noise. Default 0. */
  readonly seed?: number;
  readonly optimizer: AdamWOptions;
  /** Default: constant, no warm-up. */
  readonly learningRate?: LearningRateSchedule;
  /** How the loss is reduced. */
  readonly loss?: LossOptions;
  /** Largest global gradient norm. Default 1; `false` for no clipping. */
  readonly clipNorm?: number | false;
  /** Decay of the moving average of the parameters. Default 0.999; `false` keeps none. */
  readonly averageDecay?: number | false;
  /** Where to go on from; the run ends bit-identical to one that was never interrupted. */
  readonly resume?: TrainingState;
  /** Called with a copy of the state every `every` steps, after the last step and when aborted. */
  readonly checkpoint?: { readonly every: number; save(state: TrainingState): void | Promise<void> };
  readonly signal?: AbortSignal;
}

export interface TrainingProgress {
  /** Steps done, 1-based. */
  readonly step: number;
  readonly steps: number;
  /** Loss before this step's update. */
  readonly loss: number;
  /** Global gradient norm before clipping; absent without clipping. */
  readonly gradientNorm?: number;
  readonly learningRate: number;
  /** A copy of the state after this step; valid until the next step is asked for. */
  snapshot(): Promise<TrainingState>;
}

const groupsOf = (options: StepGraphOptions): readonly StateGroup[] =>
  options.averageDecay === undefined ? ["parameters", "first", "second"] : ["parameters", "first", "second", "average"];

/**
 * Trains step by step; ask for the next value to take the next step.
 *
 * @throws `non-finite-loss` when a loss, or a state to be saved, is not finite (the last checkpoint stays as it was),
 *   `aborted` after saving a checkpoint, and what {@link checkBatch} and the backend throw.
 */
export async function* train(process: DiffusionProcess, options: TrainingOptions): AsyncGenerator<TrainingProgress> {
  const { backend, steps, seed = 0, signal, checkpoint } = options;
  const { clipNorm = 1, averageDecay = 0.999 } = options;
  const { learningRate: schedule = { kind: "constant" } } = options;
  checkLearningRate(schedule);
  const optimizer = completeAdamW(options.optimizer);
  const stepOptions: StepGraphOptions = {
    optimizer,
    clipNorm: clipNorm === false ? undefined : clipNorm,
    averageDecay: averageDecay === false ? undefined : averageDecay,
    ...(options.loss ? { loss: options.loss } : {}),
  };
  const keepAverage = stepOptions.averageDecay !== undefined;
  if (options.resume) checkTrainingState(process.model, options.resume, seed, keepAverage);
  const start = options.resume ?? initialTrainingState(process.model, seed, keepAverage);
  const state = new LoopingState(process.model, groupsOf(stepOptions), start);
  const executables = new Map<string, Promise<Executable>>();
  const root = createRandom(seed).split("training");
  const scalars: Record<string, HostTensor> = { decay: scalar(), stepSize: scalar(), epsilon: scalar() };
  const inputs = new BatchInputs(process);
  let saved = start.step;

  const snapshot = async (step: number): Promise<TrainingState> => {
    if (state.step !== step) {
      throw new DiffusionForcingError(
        "invalid-argument",
        `snapshot: the state after step ${step} is gone, training is at step ${state.step}. Take it before asking for the next step.`,
      );
    }
    return { ...(await state.read()), step, seed };
  };
  const save = async (step: number): Promise<void> => {
    if (checkpoint === undefined || saved === step) return;
    const current = await snapshot(step);
    checkFiniteState(current);
    await checkpoint.save(current);
    saved = step;
  };
  try {
    for (let step = start.step + 1; step <= steps; step++) {
      if (signal?.aborted) await save(step - 1);
      throwIfAborted(signal);
      const random = root.split(step);
      const batch = await options.batches(step, random.split("batch"));
      checkBatch(process.model, process.schedule.levels, batch);
      const key = JSON.stringify([batch.tokens.shape, batch.elementWeights?.shape ?? null]);
      const executable = await memoize(executables, key, () => backend.compile(graphFor(process, stepOptions, batch)));
      const learningRate = optimizer.learningRate * learningRateFactor(schedule, step, steps);
      for (const [name, value] of Object.entries(adamWScalars(optimizer, step, learningRate))) {
        (scalars[name] as HostTensor).data[0] = value;
      }
      const results = await state.advance(executable, { ...scalars, ...inputs.next(batch, random) });
      const loss = await readScalar(results.loss as Tensor);
      const norm = results.gradientNorm && { gradientNorm: await readScalar(results.gradientNorm) };
      if (!Number.isFinite(loss)) {
        throw new DiffusionForcingError(
          "non-finite-loss",
          `The loss became ${loss} at step ${step} (learning rate ${learningRate}). Lower the learning rate, clip gradients or check the data; the last checkpoint is intact.`,
        );
      }
      if (checkpoint && (step % checkpoint.every === 0 || step === steps)) await save(step);
      yield { step, steps, loss, ...norm, learningRate, snapshot: () => snapshot(step) };
    }
  } finally {
    state.dispose();
    for (const executable of executables.values()) (await executable.catch(() => undefined))?.dispose();
  }
}

function graphFor(process: DiffusionProcess, options: StepGraphOptions, batch: Batch) {
  return trainingStepGraph(process, options, {
    tokens: batch.tokens.shape,
    ...(batch.condition ? { condition: batch.condition.shape } : {}),
    ...(batch.elementWeights ? { elementWeights: batch.elementWeights.shape } : {}),
  });
}

function scalar(): HostTensor {
  return zeros("float32", []);
}

/** A step's batch with its levels and noise. The noise of each shape is drawn into one buffer, over and over. */
class BatchInputs {
  readonly #process: DiffusionProcess;
  readonly #noise = new Map<string, HostTensor<"float32">>();

  constructor(process: DiffusionProcess) {
    this.#process = process;
  }

  next(batch: Batch, random: RandomStream): Record<string, HostTensor> {
    const { tokens, elementWeights, condition } = batch;
    const [batchSize, length] = tokens.shape as [number, number, number];
    const key = tokens.shape.join();
    const noise = this.#noise.get(key) ?? zeros("float32", tokens.shape);
    this.#noise.set(key, noise);
    random.split("noise").fillNormal(noise.data, { clip: this.#process.clipNoise });
    const sizes = { batch: batchSize, tokens: length, levels: this.#process.schedule.levels };
    return {
      tokens,
      noise,
      noiseLevels: batch.noiseLevels ?? independentNoiseLevels(random.split("levels"), sizes),
      ...(elementWeights ? { elementWeights } : {}),
      ...(condition ? { condition } : {}),
    };
  }
}

async function readScalar(value: Tensor): Promise<number> {
  const scalar = (await readTensor(value)).data[0] as number;
  disposeTensor(value);
  return scalar;
}

function memoize<T>(cache: Map<string, Promise<T>>, key: string, make: () => Promise<T>): Promise<T> {
  const existing = cache.get(key);
  if (existing !== undefined) return existing;
  const made = make();
  cache.set(key, made);
  return made;
}

/**
 * The tensors that loop from step to step. They stay where the backend puts them; host tensors alternate between
 * two sets of buffers, so that a step allocates and copies nothing.
 */
class LoopingState {
  readonly #model: Model;
  readonly #groups: readonly StateGroup[];
  readonly #names: readonly string[];
  #current: Record<string, Tensor>;
  #spare: Record<string, Tensor> = {};
  #step: number;

  constructor(model: Model, groups: readonly StateGroup[], start: TrainingState) {
    this.#model = model;
    this.#groups = groups;
    const state = groups.map((group) => [group, start[group] as HostTensorRecord]);
    this.#current = packState(model, Object.fromEntries(state));
    this.#names = Object.keys(this.#current);
    this.#step = start.step;
  }

  /** Steps done. */
  get step(): number {
    return this.#step;
  }

  /** Runs a step on the state and keeps its new state; returns the step's other outputs. */
  async advance(executable: Executable, inputs: Record<string, Tensor>): Promise<Record<string, Tensor>> {
    const outputs = await executable.run({ ...this.#current, ...inputs }, { reuse: this.#spare });
    const next: Record<string, Tensor> = {};
    for (const name of this.#names) {
      next[name] = outputs[name] as Tensor;
      delete outputs[name];
    }
    const previous = this.#current;
    this.#current = next;
    this.#step++;
    this.#spare = {};
    for (const [name, value] of Object.entries(previous)) {
      if (isHostTensor(value)) this.#spare[name] = value;
      else value.dispose();
    }
    return outputs;
  }

  /** A copy on the host. */
  async read(): Promise<Omit<TrainingState, "step" | "seed">> {
    const entries = this.#names.map(async (name) => [name, await readTensor(this.#current[name] as Tensor)] as const);
    return unpackState(this.#model, this.#groups, Object.fromEntries(await Promise.all(entries)));
  }

  dispose(): void {
    for (const value of Object.values(this.#current)) disposeTensor(value);
  }
}
