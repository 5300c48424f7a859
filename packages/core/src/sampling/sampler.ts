import type { Backend, Executable } from "../engine/backend/contract.js";
import { DiffusionForcingError, throwIfAborted } from "../engine/errors.js";
import { formatType } from "../engine/graph/ops/helpers.js";
import {
  disposeTensor,
  type HostTensor,
  type HostTensorRecord,
  readTensor,
  type Tensor,
  tensor,
  zeros,
} from "../engine/tensor/tensor.js";
import { describeTokens, holdsTokens } from "../models/model.js";
import { checkParameters } from "../models/parameters.js";
import type { DiffusionProcess } from "../process/loss.js";
import { samplingLevels } from "../process/sampling-levels.js";
import { checkGuidance, guidanceSamples } from "./guidance.js";
import { drawNoise, type NoiseSources } from "./noise-source.js";
import type { SteeringOptions } from "./prediction.js";
import { type RolloutChunk, type RolloutOptions, rollout, rolloutChunks } from "./rollout.js";
import { checkCombination } from "./scores/index.js";
import { guidanceInputName, noiseInputs, parameterName, type StepOptions, samplingStepGraph } from "./step-graph.js";

export interface SamplerOptions extends Partial<SteeringOptions> {
  readonly backend: Backend;
  /** Weights by parameter name, as trained. */
  readonly parameters: HostTensorRecord;
  /** S: how many steps a token takes from noise to clean. Default 50. */
  readonly steps?: number;
  /** "ddim" (the default; Song et al. 2021) or "ddpm" (Ho et al. 2020), either over any number of levels a step. */
  readonly solver?: "ddim" | "ddpm";
  /** DDIM: 0 (the default) is deterministic, 1 has the variance of DDPM. */
  readonly eta?: number;
  /** DDPM: the noise's variance between its bounds, 0 (the default) to 1; see `ddpmStep`. */
  readonly variance?: number;
}

/** Sequences to denoise and the order to do it in. */
export interface DenoiseRequest {
  /** Where to start: context, and noise in the tokens that are to be sampled, float32 [B, T, ...tokenShape]. */
  readonly tokens: HostTensor;
  /** Level indices 0..S before the first step and after each step: T entries, the same for every sample. */
  readonly rows: readonly ArrayLike<number>[];
  /**
   * Draws the fresh noise of random steps, of Monte Carlo guidance and of noised history: one stream for all samples, or
   * one for each, so that a sample's result does not depend on the others of its batch.
   */
  readonly random: NoiseSources;
  /** float32 [B, T, D], for a conditioned model. */
  readonly condition?: HostTensor;
  /** The guidance's inputs by name. */
  readonly guidanceInputs?: HostTensorRecord;
  readonly signal?: AbortSignal;
}

export interface DenoiseProgress {
  /** Steps done, 1-based. */
  readonly step: number;
  readonly steps: number;
  /** Model evaluations so far, of each sample. */
  readonly evaluations: number;
  /** The sequence after this step, float32 [B, T, ...tokenShape]. */
  read(): Promise<HostTensor>;
}

/**
 * Compiled denoising of one trained model. Weights are baked into the executables, one per batch size and length,
 * made when first needed and kept until {@link Sampler.dispose}.
 */
export class Sampler {
  readonly process: DiffusionProcess;
  /** The noise level of each index 0..S. */
  readonly levels: Int32Array;
  readonly steps: number;
  readonly #backend: Backend;
  readonly #options: StepOptions;
  readonly #constants: HostTensorRecord;
  readonly #executables = new Map<string, Promise<Executable>>();
  #disposed = false;

  /** @throws `checkpoint-mismatch` if the parameters are not the model's, `invalid-argument` for illegal options. */
  constructor(process: DiffusionProcess, options: SamplerOptions) {
    const { backend, parameters, steps = 50, eta = 0, variance = 0, solver = "ddim" } = options;
    const { stabilizationLevel = 0, guidance, scores } = options;
    checkParameters(process.model, parameters);
    const legal = (value: number, high: number): boolean => value >= 0 && value <= high;
    if (
      !["ddim", "ddpm"].includes(solver) ||
      !legal(eta, 1) ||
      !legal(variance, 1) ||
      (solver === "ddpm" ? options.eta !== undefined : options.variance !== undefined) ||
      !Number.isInteger(stabilizationLevel) ||
      !legal(stabilizationLevel, process.schedule.levels)
    ) {
      throw new DiffusionForcingError(
        "invalid-argument",
        `Sampler: solver ${solver}, eta ${options.eta}, variance ${options.variance}, stabilizationLevel ${stabilizationLevel}; expected ddim with eta in 0..1 or ddpm with variance in 0..1, and a level in 0..${process.schedule.levels}.`,
      );
    }
    if (guidance !== undefined) checkGuidance(guidance);
    if (scores !== undefined) checkCombination(scores, process.schedule.levels);
    this.process = process;
    this.steps = steps;
    this.levels = samplingLevels(process.schedule.levels, steps);
    this.#backend = backend;
    this.#options = {
      ...(solver === "ddpm" ? { solver, variance } : { eta }),
      stabilizationLevel,
      ...(guidance ? { guidance } : {}),
      ...(scores ? { scores } : {}),
    };
    this.#constants = Object.fromEntries(
      Object.entries(parameters).map(([name, value]) => [parameterName(name), value]),
    );
  }

  /** Model evaluations that one step of one sample takes: terms of the scores, each once and once for every future. */
  get evaluationsPerStep(): number {
    const { guidance, scores } = this.#options;
    const futures = guidance === undefined ? 1 : guidanceSamples(guidance);
    return (scores?.length ?? 1) * (futures === 1 ? 1 : 1 + futures);
  }

  /**
   * Makes a shape ready ahead of its first use: compiles, and takes one step on zeros, as GPUs compile their shaders in
   * the first run.
   */
  async warmup(batch: number, length: number): Promise<void> {
    const executable = await this.#executable(batch, length);
    const { inputs } = samplingStepGraph(this.process, this.#options, { batch, length });
    const open = inputs.filter(({ attributes }) => !(attributes.name in this.#constants));
    const zeroed = open.map(({ attributes: { name, dtype, shape } }) => [name, zeros(dtype, shape)]);
    Object.values(await executable.run(Object.fromEntries(zeroed))).forEach(disposeTensor);
  }

  #executable(batch: number, length: number): Promise<Executable> {
    if (this.#disposed) {
      throw new DiffusionForcingError("disposed", "This sampler has been disposed. Make another.");
    }
    const key = `${batch}x${length}`;
    let executable = this.#executables.get(key);
    if (executable === undefined) {
      const graph = samplingStepGraph(this.process, this.#options, { batch, length });
      executable = this.#backend.compile(graph, { constants: this.#constants });
      // A failed compilation must not be remembered.
      executable.catch(() => this.#executables.delete(key));
      this.#executables.set(key, executable);
    }
    return executable;
  }

  /**
   * Walks the rows, one compiled step each; rows that change nothing are skipped. Noise is drawn step by step from
   * `random.split(step)`, so a walk can be cut and resumed at any row: with that row in place of each one before it.
   *
   * @throws `invalid-scheduling-matrix` for rows of the wrong length, outside 0..S or rising; `aborted`.
   */
  async *denoise(request: DenoiseRequest): AsyncGenerator<DenoiseProgress> {
    const { tokens, rows, random, condition, guidanceInputs = {}, signal } = request;
    this.#check(request);
    const [batch, length] = tokens.shape as [number, number];
    const executable = await this.#executable(batch, length);
    const { guidance } = this.#options;
    const needs = noiseInputs(this.#options);
    const samples = guidance === undefined ? 1 : guidanceSamples(guidance);
    const fixed = {
      ...(condition === undefined ? {} : { condition }),
      ...Object.fromEntries(Object.entries(guidanceInputs).map(([name, value]) => [guidanceInputName(name), value])),
    };
    let x: Tensor = tokens;
    let evaluations = 0;
    try {
      for (let step = 1; step < rows.length; step++) {
        throwIfAborted(signal);
        const [from, to] = [this.#levelTensor(rows[step - 1], batch), this.#levelTensor(rows[step], batch)];
        if (!from.data.every((level, i) => level === to.data[i])) {
          const draw = (label: string, copies: number): HostTensor =>
            drawNoise(random, [step, label], copies, tokens.shape, this.process.clipNoise);
          const outputs = await executable.run({
            ...fixed,
            x,
            from,
            to,
            ...(needs.step ? { noise: draw("step", 1) } : {}),
            ...(needs.stabilization ? { stabilizationNoise: draw("stabilization", 1) } : {}),
            ...(samples > 1 ? { futureNoise: draw("futures", samples) } : {}),
            ...(needs.history ? { historyNoise: draw("history", 1) } : {}),
          });
          if (x !== tokens) disposeTensor(x);
          x = outputs.x as Tensor;
          evaluations += this.evaluationsPerStep;
        }
        const current = x;
        yield { step, steps: rows.length - 1, evaluations, read: () => readTensor(current) };
      }
    } finally {
      if (x !== tokens) disposeTensor(x);
    }
  }

  /** Walks all rows and returns the last sequence, float32 [B, T, ...tokenShape]. */
  async denoiseToEnd(request: DenoiseRequest): Promise<HostTensor> {
    let result = request.tokens;
    for await (const { step, steps, read } of this.denoise(request)) {
      if (step === steps) result = await read();
    }
    return result;
  }

  #levelTensor(row: ArrayLike<number> | undefined, batch: number): HostTensor {
    const length = row?.length ?? 0;
    const levels = new Int32Array(batch * length);
    for (let i = 0; i < levels.length; i++) levels[i] = this.levels[row?.[i % length] ?? 0] as number;
    return tensor(levels, [batch, length]);
  }

  #check({ tokens, rows, random }: DenoiseRequest): void {
    const { model } = this.process;
    if (!holdsTokens(model, tokens)) {
      throw new DiffusionForcingError(
        "shape-mismatch",
        `denoise: the tokens are ${formatType(tokens)}; expected ${describeTokens(model)}.`,
      );
    }
    const [batch, length] = tokens.shape as [number, number];
    if (Array.isArray(random) && random.length !== batch) {
      throw new DiffusionForcingError(
        "invalid-argument",
        `denoise: ${random.length} random streams for ${batch} samples; expected one stream, or one for each sample.`,
      );
    }
    rows.forEach((row, m) => {
      for (let column = 0; column < Math.max(row.length, length); column++) {
        const index = row[column];
        const before = rows[m - 1]?.[column] ?? this.steps;
        if (index === undefined || column >= length || !Number.isInteger(index) || index < 0 || index > before) {
          throw new DiffusionForcingError(
            "invalid-scheduling-matrix",
            `denoise: row ${m}, column ${column} holds ${index}; expected ${length} columns of level indices that start at most at ${this.steps} and never rise (the row before holds ${before}); the nearest legal is ${column >= length ? "no such column" : nearestIndex(index, before)}.`,
          );
        }
      }
    });
  }

  /** Generates new tokens chunk by chunk; see {@link rollout}. */
  rollout(options: RolloutOptions): AsyncGenerator<HostTensor> {
    return rollout(this, options);
  }

  /** As {@link Sampler.rollout}, each chunk with its cost and the state to go on from after it. */
  rolloutChunks(options: RolloutOptions): AsyncGenerator<RolloutChunk> {
    return rolloutChunks(this, options);
  }

  /** Frees the executables. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    const executables = [...this.#executables.values()];
    this.#executables.clear();
    for (const executable of executables) (await executable.catch(() => undefined))?.dispose();
  }
}

/** The level index in 0..high that is nearest to what stands in a matrix; a gap is filled by `high`. */
function nearestIndex(found: number | undefined, high: number): number {
  return Number.isFinite(found) ? Math.min(Math.max(Math.round(found as number), 0), high) : high;
}
