import * as v from "valibot";
import { diffusionSchema } from "../diffusion/check-diffusion.js";
import type { Diffusion } from "../diffusion/diffusion.js";
import type { Backend } from "../engine/backend/contract.js";
import { check, schemas } from "../engine/check.js";
import { DiffusionForcingError, throwIfAborted } from "../engine/errors.js";
import { type HostTensor, type HostTensorRecord, readCopy } from "../engine/tensor/tensor.js";
import { dataRangeOf, weightsOf } from "../models/data-range.js";
import { checkParameters } from "../models/parameters.js";
import { timestepLevels } from "../process/timesteps.js";
import { checkSample } from "./check-sample.js";
import { checkGuidance, type Guidance, guidanceSamples } from "./guidance/gradient.js";
import { checkCombination, type ScoreCombination } from "./guidance/score-combination.js";
import { noiseSources } from "./noise-source.js";
import {
  checkedRequest,
  type DenoiseProgress,
  type DenoiseRequest,
  type SampleOptions,
  sampleRequest,
} from "./request.js";
import { rollout } from "./rollout.js";
import type { RolloutChunk, RolloutOptions } from "./rollout-options.js";
import { checkSequenceSize } from "./sequence-size.js";
import { ancestral } from "./solvers/ancestral.js";
import { solverSchema } from "./solvers/check-solver.js";
import { ddim } from "./solvers/ddim.js";
import { pathOf } from "./solvers/path.js";
import { drawsOf, type Solver } from "./solvers/solver.js";
import type { SpeculationPlan } from "./speculation/host.js";
import { checkSpeculation, type Speculation } from "./speculation/speculative.js";
import { type Start, startLevel, startSchema } from "./start.js";
import type { WalkOptions } from "./walk-inputs.js";
import { Walker } from "./walker.js";

export interface SamplerOptions {
  readonly backend: Backend;
  /** Weights by parameter name, as trained. */
  readonly parameters: HostTensorRecord;
  /** S: how many steps a token takes from noise to clean. Default 50, or K if that is less. */
  readonly timesteps?: number;
  /** How a step is taken. Default `ddim()`, and `ancestral()` for processes without a Gaussian path. */
  readonly solver?: Solver;
  /**
   * The level that clean tokens, known or generated, pretend to have, 0..K: a model believes them a little less, which
   * keeps long rollouts from drifting. Default: a hundredth of K, at least 1. 0 is a level no model is trained on.
   */
  readonly stabilizationLevel?: number;
  /** Steers every step up the slope of a reward. */
  readonly guidance?: Guidance;
  /** Combines several evaluations of the model: classifier-free and history guidance. */
  readonly scores?: ScoreCombination;
  /** Drafts steps of a random solver and checks several in one run of the model, as `speculative()` says. Default: not. */
  readonly speculation?: Speculation;
  /** Where generated tokens start, and with what, in place of pure noise. Default: pure noise at level K. */
  readonly start?: Start;
}

const schema = v.strictObject({
  backend: schemas.having<Backend>("a backend, as onnxBackend() makes one", "compile", "dispose"),
  parameters: schemas.having<HostTensorRecord>("weights by parameter name"),
  timesteps: v.optional(schemas.integer(1)),
  solver: v.optional(solverSchema),
  stabilizationLevel: v.optional(schemas.integer(0)),
  guidance: v.optional(schemas.having<Guidance>("a guidance: an object with reward")),
  scores: v.optional(v.custom<ScoreCombination>(Array.isArray, "terms, as classifierFreeGuidance() makes them")),
  speculation: v.optional(schemas.having<Speculation>("a speculation, as speculative() makes one", "draft", "length")),
  start: v.optional(startSchema),
});

const warmupSchema = v.strictObject({ batch: schemas.integer(1), length: schemas.integer(1) });

const DEFAULT_TIMESTEPS = 50;

/**
 * Sampling of one trained model, whatever its process, solver and memory. Weights are baked into the executables, one
 * per shape, made when first needed and kept, the last used ones, until {@link Sampler.dispose}. Where that needs a copy of
 * them (processors) and they are large, walks of fewer than 64 steps read them where they lie, unless {@link Sampler.warmup}
 * made their shape ready or a rollout's window has its full length: do not change them meanwhile.
 */
export class Sampler {
  readonly diffusion: Diffusion;
  /** The noise level of each index 0..S. */
  readonly levels: Int32Array;
  /** S. */
  readonly timesteps: number;
  /** Where generated tokens start, if not at level K. */
  readonly start: Start | undefined;
  /** What runs the model: for rollouts and other ways to sample. */
  readonly walker: Walker;
  /** What runs the draft model, if there is one. */
  readonly #drafter: Walker | undefined;

  /** @throws `checkpoint-mismatch` if the parameters are not the model's, `invalid-argument` for illegal options. */
  constructor(diffusion: Diffusion, options: SamplerOptions) {
    const { process, model } = check("sampler: the diffusion", diffusionSchema, diffusion);
    const given = check("sampler", schema, options);
    const { backend, parameters, guidance, scores, speculation, start } = given;
    const highest = startLevel(process.levels, start);
    const timesteps = given.timesteps ?? Math.min(DEFAULT_TIMESTEPS, highest);
    if (timesteps > highest) {
      throw new DiffusionForcingError(
        "invalid-argument",
        `sampler: timesteps is ${timesteps}: ${timesteps} steps over ${highest} levels; expected at most ${highest}.`,
      );
    }
    const solver = given.solver ?? (process.path === undefined ? ancestral() : ddim());
    const stabilizationLevel = given.stabilizationLevel ?? Math.max(1, Math.round(process.levels / 100));
    if (stabilizationLevel > process.levels) {
      throw new DiffusionForcingError(
        "invalid-argument",
        `sampler: stabilizationLevel is ${stabilizationLevel}; expected a level from 0 to ${process.levels}.`,
      );
    }
    checkParameters(model, parameters);
    drawsOf(solver, process);
    if (solver.needsPath) pathOf(solver.config.kind, process);
    if (guidance !== undefined) checkGuidance(guidance);
    if (scores !== undefined) checkCombination(scores, process.levels);
    if (speculation !== undefined) checkSpeculation(speculation, solver, diffusion);
    this.diffusion = diffusion;
    this.timesteps = timesteps;
    this.start = start;
    this.levels = timestepLevels(highest, timesteps);
    const range = dataRangeOf(model, parameters);
    const steering = {
      solver,
      stabilizationLevel,
      ...(range ? { range } : {}),
      ...(guidance ? { guidance } : {}),
      ...(scores ? { scores } : {}),
    };
    const walkerOf = (of: Diffusion, weights: HostTensorRecord, options: WalkOptions, plan?: SpeculationPlan): Walker =>
      new Walker(of, options, this.levels, backend, weightsOf(of.model, weights), plan);
    const draft = speculation?.draft;
    if (typeof draft === "object") {
      checkParameters(draft.diffusion.model, draft.parameters);
      this.#drafter = walkerOf(draft.diffusion, draft.parameters, { solver, stabilizationLevel });
    }
    const plan = speculation && { ...speculation, draft: this.#drafter ?? (draft as "frozen" | "recent") };
    this.walker = walkerOf(diffusion, parameters, steering, plan);
  }

  /**
   * Model evaluations that one step of one sample takes: terms of the scores, each once and once for every future, as
   * often as the solver asks.
   */
  get evaluationsPerStep(): number {
    const { guidance, scores, solver } = this.walker.options;
    const futures = guidance === undefined ? 1 : guidanceSamples(guidance);
    return solver.evaluations * (scores?.length ?? 1) * (futures === 1 ? 1 : 1 + futures);
  }

  /** Makes a batch size and a length, context included, ready ahead of their first use, and fast for walks of few steps. */
  async warmup(batch: number, length: number): Promise<void> {
    check("warmup", warmupSchema, { batch, length });
    checkSequenceSize("warmup", this.diffusion.model, batch, length);
    return this.walker.warmup({ batch, length, steps: 1 });
  }

  /**
   * Samples sequences: the context and what follows it, float32 [B, context + length, ...tokenShape].
   *
   * @throws `invalid-argument`, `shape-mismatch`, `invalid-scheduling-matrix`, `aborted`
   */
  async sample(options: SampleOptions): Promise<HostTensor> {
    return this.denoise(await sampleRequest(this, options));
  }

  /** As {@link Sampler.sample}, step by step. */
  async *sampleStream(options: SampleOptions): AsyncGenerator<DenoiseProgress> {
    yield* this.denoiseStream(await sampleRequest(this, options));
  }

  /**
   * Walks given rows from given tokens; rows that change nothing are skipped. Noise is drawn step by step from
   * `seed.split(step)`, so a walk can be cut and resumed at any row: with that row in place of each one before it.
   *
   * @yields after every step.
   * @throws `invalid-scheduling-matrix` for rows of the wrong length, outside 0..S or rising; `shape-mismatch`,
   *   `invalid-argument`, `aborted`.
   */
  async *denoiseStream(request: DenoiseRequest): AsyncGenerator<DenoiseProgress> {
    const { seed, ...walked } = checkedRequest(this, request);
    const random = noiseSources("denoise", seed, walked.tokens.shape[0] as number);
    throwIfAborted(walked.signal);
    const steps = walked.rows.length - 1;
    const walk = this.walker.walk({ ...walked, random });
    for await (const { step, x, taken, calls } of walk) {
      yield { step, steps, evaluations: taken * this.evaluationsPerStep, calls, read: () => readCopy(x) };
    }
  }

  /** As {@link Sampler.denoiseStream}, to the end: the last sequence, float32 [B, T, ...tokenShape]. */
  async denoise(request: DenoiseRequest): Promise<HostTensor> {
    let result: HostTensor | undefined;
    for await (const { step, steps, read } of this.denoiseStream(request)) {
      // Awaited here: to leave the loop frees the sequence, which a GPU may still be reading.
      if (step >= steps) result = await read();
    }
    return checkSample("denoise", result as HostTensor);
  }

  /** Generates new tokens chunk by chunk, for ever if asked; see {@link rollout}. */
  rollout(options: RolloutOptions): AsyncGenerator<RolloutChunk> {
    return rollout(this, options);
  }

  /** Frees the executables. */
  async dispose(): Promise<void> {
    await this.walker.dispose();
    await this.#drafter?.dispose();
  }
}
