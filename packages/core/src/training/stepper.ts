import type { Backend, Executable } from "../engine/backend/contract.js";
import { DiffusionForcingError } from "../engine/errors.js";
import type { Graph } from "../engine/graph/graph.js";
import type { RandomStream } from "../engine/random/index.js";
import { type HostTensor, type HostTensorRecord, type Tensor, tensor, zeros } from "../engine/tensor/tensor.js";
import type { Batch } from "./batch.js";
import { partsOf } from "./batch-parts.js";
import type { BatchTypes } from "./graph-inputs.js";
import { LoopingTensors, takeScalar } from "./looping-tensors.js";
import { type StateGroup, stateGroups, type TrainingState } from "./state.js";
import { packState, type StateLayout, stateLayout, unpackState } from "./state-layout.js";
import {
  accumulatedUpdateGraph,
  lossGraph,
  microStepGraph,
  type StepGraphOptions,
  stepScalars,
  trainingStepGraph,
} from "./step-graph.js";
import type { LossTensors, Trainable } from "./trainable.js";

export interface StepResult {
  readonly loss: number;
  /** Before clipping; absent without clipping. */
  readonly gradientNorm?: number;
}

export interface StepperOptions {
  readonly backend: Backend;
  readonly step: StepGraphOptions;
  /** Parts that the gradient of a batch is computed in. */
  readonly accumulate: number;
  /** Awaited between any two runs; what it throws ends the step, and the state stays that of the step before. */
  readonly between: () => Promise<void>;
}

/** A training run's state on the backend, and the compiled graphs that move it on. */
export class TrainingStepper {
  readonly #trainable: Trainable;
  readonly #options: StepperOptions;
  readonly #layout: StateLayout;
  readonly #groups: readonly StateGroup[];
  readonly #state: LoopingTensors;
  /** Sums over the parts of a batch. */
  readonly #sums: LoopingTensors | undefined;
  readonly #executables = new Map<string, Promise<Executable>>();
  #stepsDone: number;

  constructor(trainable: Trainable, start: TrainingState, options: StepperOptions) {
    this.#trainable = trainable;
    this.#options = options;
    this.#layout = stateLayout(trainable, options.step.optimizer);
    this.#groups = stateGroups.filter((group) => group !== "ema" || options.step.emaDecay !== undefined);
    const tensors = Object.fromEntries(this.#groups.map((group) => [group, start[group] as HostTensorRecord]));
    this.#state = new LoopingTensors(packState(this.#layout, tensors));
    this.#sums = options.accumulate > 1 ? new LoopingTensors(emptySums(this.#layout)) : undefined;
    this.#stepsDone = start.step;
  }

  get stepsDone(): number {
    return this.#stepsDone;
  }

  /** Takes a step: all that is random from `random`, which is the step's own. */
  async step(batch: Batch, random: RandomStream, learningRate: number): Promise<StepResult> {
    const scalars = stepScalars(this.#layout, this.#options.step, this.#stepsDone + 1, learningRate);
    const inputs = this.#trainable.inputs(batch, random);
    const rest = this.#sums
      ? await this.#accumulatedStep(this.#sums, inputs, scalarTensors(scalars))
      : await this.#wholeStep(inputs, scalarTensors(scalars));
    this.#stepsDone++;
    const loss = await takeScalar(rest.loss as Tensor);
    return rest.gradientNorm ? { loss, gradientNorm: await takeScalar(rest.gradientNorm) } : { loss };
  }

  async #wholeStep(inputs: LossTensors, scalars: HostTensorRecord): Promise<Record<string, Tensor>> {
    const executable = await this.#compiled("step", inputs, trainingStepGraph);
    return this.#state.advance(executable, { ...scalars, ...inputs });
  }

  async #accumulatedStep(
    sums: LoopingTensors,
    inputs: LossTensors,
    scalars: HostTensorRecord,
  ): Promise<Record<string, Tensor>> {
    const { accumulate, between } = this.#options;
    const batchSize = inputs.tokens.shape[0] as number;
    if (batchSize % accumulate !== 0) {
      throw new DiffusionForcingError(
        "invalid-argument",
        `train: accumulate is ${accumulate}; the batch has ${batchSize} sequences, which do not fall into ${accumulate} equal parts.`,
      );
    }
    const parameters = this.#select("parameters", "parameters");
    for (const [index, part] of partsOf(inputs, accumulate).entries()) {
      if (index > 0) await between();
      const executable = await this.#compiled("part", part, microStepGraph);
      await sums.advance(executable, { ...parameters, ...part, keep: tensor([index === 0 ? 0 : 1], []) });
    }
    const update = await this.#memoized("update", () => accumulatedUpdateGraph(this.#trainable, this.#options.step));
    return this.#state.advance(update, { ...scalars, ...sums.current });
  }

  /** The loss of batches, by the moving average if one is kept: what is random is the same each time, from `random` and their indices. */
  async loss(batches: readonly Batch[], random: RandomStream): Promise<number> {
    const parameters = this.#select(this.#groups.includes("ema") ? "ema" : "parameters", "parameters");
    let [total, denominator] = [0, 0];
    for (const [index, batch] of batches.entries()) {
      await this.#options.between();
      const inputs = this.#trainable.inputs(batch, random.split(index));
      const executable = await this.#compiled("loss", inputs, lossGraph);
      const outputs = await executable.run({ ...parameters, ...inputs });
      total += await takeScalar(outputs.total as Tensor);
      denominator += await takeScalar(outputs.denominator as Tensor);
    }
    return total / denominator;
  }

  /** A copy of the state's tensors on the host. */
  async read(): Promise<Pick<TrainingState, StateGroup>> {
    return unpackState(this.#layout, this.#groups, await this.#state.read());
  }

  /** A copy of the weights to sample with. */
  async readSamplingParameters(): Promise<HostTensorRecord> {
    const group = this.#groups.includes("ema") ? "ema" : "parameters";
    const names = Object.keys(this.#layout.packs.shapes).map((pack) => `${group}/${pack}`);
    return unpackState(this.#layout, [group], await this.#state.read(names))[group];
  }

  async dispose(): Promise<void> {
    this.#state.dispose();
    this.#sums?.dispose();
    for (const executable of this.#executables.values()) (await executable.catch(() => undefined))?.dispose();
  }

  /** The state's tensors of a group, named as those of another. */
  #select(group: StateGroup, as: string): Record<string, Tensor> {
    const packs = Object.keys(this.#layout.packs.shapes);
    return Object.fromEntries(
      packs.map((pack) => [`${as}/${pack}`, this.#state.current[`${group}/${pack}`] as Tensor]),
    );
  }

  #compiled(
    kind: string,
    inputs: LossTensors,
    graphOf: (trainable: Trainable, options: StepGraphOptions, types: BatchTypes) => Graph,
  ): Promise<Executable> {
    const key = JSON.stringify([kind, Object.entries(inputs).map(([name, { shape }]) => [name, shape])]);
    return this.#memoized(key, () => graphOf(this.#trainable, this.#options.step, typesOf(inputs)));
  }

  #memoized(key: string, graph: () => Graph): Promise<Executable> {
    const existing = this.#executables.get(key);
    if (existing !== undefined) return existing;
    const made = this.#options.backend.compile(graph());
    this.#executables.set(key, made);
    return made;
  }
}

function typesOf(inputs: LossTensors): BatchTypes {
  const entries = Object.entries(inputs).map(([name, { dtype, shape }]) => [name, { dtype, shape }]);
  return Object.fromEntries(entries) as BatchTypes;
}

function emptySums({ packs }: StateLayout): Record<string, HostTensor> {
  const gradients = Object.entries(packs.shapes).map(([pack, shape]) => [`gradient/${pack}`, zeros("float32", shape)]);
  return { ...Object.fromEntries(gradients), total: zeros("float32", []), denominator: zeros("float32", []) };
}

function scalarTensors(scalars: Readonly<Record<string, number>>): Record<string, HostTensor> {
  return Object.fromEntries(Object.entries(scalars).map(([name, value]) => [name, tensor([value], [])]));
}
