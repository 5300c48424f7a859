import { DiffusionForcingError } from "../engine/errors.js";
import { createRandom } from "../engine/random/index.js";
import { type HostTensor, type HostTensorRecord, zeros } from "../engine/tensor/tensor.js";
import type { Model } from "../models/model.js";
import { checkParameters, initializeParameters } from "../models/parameters.js";

/** Everything a training run needs to go on exactly where it stopped. Random numbers depend on seed and step only. */
export interface TrainingState {
  /** Steps done. */
  readonly step: number;
  readonly seed: number;
  readonly parameters: HostTensorRecord;
  /** AdamW's moments, without their constant factors (see `adamWScalars`). */
  readonly first: HostTensorRecord;
  readonly second: HostTensorRecord;
  /** Exponential moving average of the parameters, if one is kept. */
  readonly average?: HostTensorRecord;
}

function copy(tensor: HostTensor): HostTensor {
  return { ...tensor, data: tensor.data.slice() } as HostTensor;
}

export function copyRecord(record: HostTensorRecord): Record<string, HostTensor> {
  return Object.fromEntries(Object.entries(record).map(([name, tensor]) => [name, copy(tensor)]));
}

/** The state before the first step: fresh parameters, zero moments, the average equal to the parameters. */
export function initialTrainingState(model: Model, seed: number, keepAverage: boolean): TrainingState {
  const parameters = initializeParameters(model, createRandom(seed).split("parameters"));
  const moments = (): HostTensorRecord =>
    Object.fromEntries(Object.entries(model.parameters).map(([name, { shape }]) => [name, zeros("float32", shape)]));
  const state = { step: 0, seed, parameters, first: moments(), second: moments() };
  return keepAverage ? { ...state, average: copyRecord(parameters) } : state;
}

/** Checks that a state to resume from fits the model and the run. @throws `checkpoint-mismatch` */
export function checkTrainingState(model: Model, state: TrainingState, seed: number, keepAverage: boolean): void {
  for (const record of [state.parameters, state.first, state.second]) checkParameters(model, record);
  if (keepAverage !== (state.average !== undefined)) {
    throw new DiffusionForcingError(
      "checkpoint-mismatch",
      `The state to resume from ${keepAverage ? "has no" : "has a"} moving average of the parameters, the run ${keepAverage ? "keeps one" : "does not"}. Resume with the options of the first run.`,
    );
  }
  if (state.average !== undefined) checkParameters(model, state.average);
  if (state.seed !== seed) {
    throw new DiffusionForcingError(
      "checkpoint-mismatch",
      `The state to resume from was trained with seed ${state.seed}, the run has seed ${seed}. Pass seed ${state.seed} to go on exactly.`,
    );
  }
}

/**
 * Checks that a state is worth keeping: an overflowing gradient spoils it one step before the loss shows it.
 *
 * @throws `non-finite-loss` naming the first tensor that holds a NaN or an infinity.
 */
export function checkFiniteState(state: TrainingState): void {
  for (const record of [state.parameters, state.first, state.second, state.average ?? {}]) {
    for (const [name, { data }] of Object.entries(record)) {
      const bad = data.find((x) => !Number.isFinite(x));
      if (bad === undefined) continue;
      throw new DiffusionForcingError(
        "non-finite-loss",
        `After step ${state.step}, parameter "${name}" or its optimiser state holds ${bad}. Lower the learning rate, clip gradients or check the data; the last checkpoint is intact.`,
      );
    }
  }
}

/** The weights to sample with: the moving average if there is one, else the parameters. */
export function samplingParameters(state: TrainingState): HostTensorRecord {
  return state.average ?? state.parameters;
}
