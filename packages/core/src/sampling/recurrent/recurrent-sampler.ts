import { checkChoice } from "../../engine/choice.js";
import { DiffusionForcingError, throwIfAborted } from "../../engine/errors.js";
import { formatType } from "../../engine/graph/ops/helpers.js";
import { trace } from "../../engine/graph/trace.js";
import type { Value } from "../../engine/graph/value.js";
import type { RandomStream } from "../../engine/random/index.js";
import { shapesEqual } from "../../engine/tensor/shape.js";
import { type HostTensor, type Tensor, zeros } from "../../engine/tensor/tensor.js";
import { describeTokens, holdsTokens } from "../../models/model.js";
import { checkParameters } from "../../models/parameters.js";
import type { DiffusionProcess } from "../../process/loss.js";
import { samplingLevels } from "../../process/sampling-levels.js";
import { checkGuidance } from "../guidance.js";
import { pyramid } from "../matrix-shapes.js";
import { denoiseChunk } from "./denoise-chunk.js";
import { checkOfficialGuidance } from "./official-guidance.js";
import type { ChunkOptions, NoiseSource, ObserveOptions, RecurrentSamplerOptions, RecurrentState } from "./options.js";
import { type RecurrentProcess, recurrentProcess, stateShapeOf } from "./step-graph.js";
import { RecurrentStepper } from "./stepper.js";
import { clampedTo, HeldTensors, joined, slightlyNoised, toHost, tokenAt } from "./tokens.js";

/**
 * Sampling with a recurrent model (Chen et al. 2024, Algorithm 2): a state of fixed size stands for all tokens so far,
 * so a rollout has no window and takes constant memory for ever. One executable per batch size, whatever the length;
 * guided, one more for each size of chunk.
 */
export class RecurrentSampler {
  readonly process: RecurrentProcess;
  readonly steps: number;
  /** The noise level of each index 0..S. */
  readonly levels: Int32Array;
  readonly #official: boolean;
  readonly #stepper: RecurrentStepper;

  /** @throws `invalid-config` for a model without a recurrent memory, `checkpoint-mismatch`, `invalid-argument`. */
  constructor(process: DiffusionProcess, options: RecurrentSamplerOptions) {
    const { backend, parameters, steps = 50, eta = 0, stabilizationLevel = 1, guidance, compatibility } = options;
    this.process = recurrentProcess(process);
    checkParameters(process.model, parameters);
    const { levels } = process.schedule;
    const isLevel = Number.isInteger(stabilizationLevel) && stabilizationLevel >= 0 && stabilizationLevel <= levels;
    if (!(eta >= 0 && eta <= 1) || !isLevel) {
      throw new DiffusionForcingError(
        "invalid-argument",
        `RecurrentSampler: eta ${eta}, stabilizationLevel ${stabilizationLevel}; expected eta in 0..1 and a level in 0..${levels}.`,
      );
    }
    if (guidance !== undefined) checkGuidance(guidance);
    checkChoice("RecurrentSampler: compatibility", compatibility, ["official"]);
    this.#official = compatibility === "official";
    if (guidance !== undefined && this.#official) checkOfficialGuidance(guidance);
    this.steps = steps;
    this.levels = samplingLevels(levels, steps);
    this.#stepper = new RecurrentStepper(this.process, {
      backend,
      parameters,
      levels: this.levels,
      eta,
      stabilizationLevel,
      ...(guidance ? { guidance } : {}),
      ...(compatibility ? { compatibility } : {}),
    });
  }

  /** The state of `batch` sequences before their first token. */
  async initialState(batch: number): Promise<RecurrentState> {
    const { backend, parameters } = this.#stepper.options;
    const graph = trace(parameters, (values) => ({
      latent: this.process.model.memory.initial(values, { batch, tokens: 1 }).state as Value,
    }));
    const executable = await backend.compile(graph);
    try {
      const outputs = await executable.run(parameters);
      return { position: 0, latent: await toHost(outputs.latent as Tensor) };
    } finally {
      executable.dispose();
    }
  }

  /**
   * Reads known tokens: the posterior update.
   *
   * @returns the state after them, and what the model takes each token to be, float32 [B, T, ...tokenShape].
   */
  async observe(
    from: RecurrentState,
    options: ObserveOptions,
  ): Promise<{ state: RecurrentState; estimates: HostTensor }> {
    const { tokens, condition } = options;
    const { model } = this.process;
    const batch = this.#batchOf(from);
    const length = tokens.shape[1] as number;
    if (!holdsTokens(model, tokens) || tokens.shape[0] !== batch) {
      const expected = `${describeTokens(model)} with B = ${batch}`;
      throw new DiffusionForcingError(
        "shape-mismatch",
        `observe: the tokens are ${formatType(tokens)}; expected ${expected}.`,
      );
    }
    this.#checkCondition("observe", batch, length, condition);
    const noise = noiseSource(options.random, from.position);
    const { schedule, clipNoise } = this.process;
    const estimates: HostTensor[] = [];
    const held = new HeldTensors();
    let latent: Tensor = from.latent;
    try {
      for (let t = 0; t < length; t++) {
        let x = tokenAt(tokens, t);
        if (this.#official) x = slightlyNoised(schedule, x, clampedTo(clipNoise, noise(x.shape)));
        const step = await this.#stepper.take(held, {
          state: latent,
          x,
          from: [this.#official ? 1 : 0],
          to: [0],
          condition: condition && tokenAt(condition, t),
        });
        held.drop(latent);
        latent = step.state;
        estimates.push(await toHost(step.x0, held));
        held.drop(step.x);
      }
      latent = await toHost(latent, held);
    } finally {
      held.dropAll();
    }
    const state = { position: from.position + length, latent };
    return { state, estimates: joined(estimates) };
  }

  /**
   * Generates tokens chunk by chunk from a state, for ever if asked.
   *
   * @returns each chunk, float32 [B, chunk, ...tokenShape], with the state after it: a rollout from that state, with
   *   the same stream, goes on with the same bits.
   * @throws `invalid-argument`, `invalid-scheduling-matrix`, `shape-mismatch`, `aborted`
   */
  async *rollout(
    from: RecurrentState,
    options: ChunkOptions,
  ): AsyncGenerator<{ readonly tokens: HostTensor; readonly state: RecurrentState }> {
    const { length, chunk = 1, matrix = pyramid(), random, signal } = options;
    if (!(length >= 0) || !Number.isSafeInteger(chunk) || chunk < 1) {
      throw new DiffusionForcingError(
        "invalid-argument",
        `rollout: length ${length}, chunk ${chunk}; expected a length of at least 0 and a whole chunk of at least 1.`,
      );
    }
    const { model, clipNoise } = this.process;
    const batch = this.#batchOf(from);
    let state = from;
    for (let done = 0; done < length; ) {
      throwIfAborted(signal);
      const size = Math.min(chunk, length - done);
      const condition = options.condition?.(state.position, size);
      this.#checkCondition("rollout", batch, size, condition);
      const guidanceInputs = options.guidanceInputs?.(state.position, size) ?? {};
      const noise = noiseSource(random, state.position);
      const tokens = Array.from({ length: size }, () => {
        const drawn = noise([batch, 1, ...model.tokenShape]);
        return this.#official ? drawn : clampedTo(clipNoise, drawn);
      });
      const held = new HeldTensors();
      const one = { start: state.latent, tokens, matrix, noise, held, condition, guidanceInputs, signal };
      const denoised = await denoiseChunk(this.#stepper, one).finally(() => held.dropAll());
      done += size;
      state = { position: state.position + size, latent: denoised.latent };
      yield { tokens: denoised.tokens, state };
    }
  }

  /** Frees the executables. */
  dispose(): Promise<void> {
    return this.#stepper.dispose();
  }

  #batchOf({ latent }: RecurrentState): number {
    const stateShape = stateShapeOf(this.process);
    if (latent.dtype !== "float32" || !shapesEqual(latent.shape.slice(1), stateShape)) {
      throw new DiffusionForcingError(
        "shape-mismatch",
        `The state is ${formatType(latent)}; expected float32[B, ${stateShape.join(", ")}].`,
      );
    }
    return latent.shape[0] as number;
  }

  #checkCondition(what: string, batch: number, length: number, condition: HostTensor | undefined): void {
    const { conditionFeatures } = this.process.model;
    const expected = [batch, length, conditionFeatures];
    const found = condition === undefined ? "absent" : formatType(condition);
    if (conditionFeatures === 0 && condition === undefined) return;
    if (conditionFeatures === 0 || condition === undefined || !shapesEqual(condition.shape, expected)) {
      throw new DiffusionForcingError(
        "shape-mismatch",
        `${what}: the condition is ${found}; expected ${conditionFeatures === 0 ? "none" : `float32[${expected.join(", ")}]`}.`,
      );
    }
  }
}

function noiseSource(random: RandomStream | NoiseSource | undefined, position: number): NoiseSource {
  if (typeof random === "function") return random;
  const stream = random?.split(position);
  return (shape) => {
    if (stream === undefined) {
      throw new DiffusionForcingError("invalid-argument", "observe: official sampling takes noise; pass `random`.");
    }
    const drawn = zeros("float32", shape);
    stream.fillNormal(drawn.data);
    return drawn;
  };
}
