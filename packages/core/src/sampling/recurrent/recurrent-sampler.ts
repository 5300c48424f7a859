import type { Executable } from "../../backend/contract.js";
import type { DiffusionProcess } from "../../diffusion/loss.js";
import { samplingLevels } from "../../diffusion/sampling-levels.js";
import { DiffusionForcingError, throwIfAborted } from "../../errors.js";
import { formatType } from "../../graph/ops/helpers.js";
import { trace } from "../../graph/trace.js";
import { describeTokens, holdsTokens } from "../../models/model.js";
import { checkParameters } from "../../models/parameters.js";
import type { RandomStream } from "../../random/index.js";
import { shapesEqual } from "../../tensor/shape.js";
import { type HostTensor, type Tensor, tensor, zeros } from "../../tensor/tensor.js";
import type { MatrixShape } from "../matrix-shapes.js";
import { pyramid, schedulingMatrix } from "../matrix-shapes.js";
import { validateSchedulingMatrix } from "../scheduling-matrix.js";
import { parameterName } from "../step-graph.js";
import { officialPasses } from "./official-passes.js";
import type { ChunkOptions, NoiseSource, ObserveOptions, RecurrentSamplerOptions, RecurrentState } from "./options.js";
import { type RecurrentProcess, recurrentProcess, recurrentStepGraph } from "./step-graph.js";
import { clampedTo, HeldTensors, joined, slightlyNoised, toHost, tokenAt } from "./tokens.js";

interface Chunk {
  /** State before the chunk. */
  readonly start: HostTensor;
  /** Where its tokens start, each [B, 1, ...]. */
  readonly tokens: readonly HostTensor[];
  readonly matrix: MatrixShape;
  readonly noise: NoiseSource;
  readonly held: HeldTensors;
  readonly condition: ((t: number) => HostTensor) | undefined;
  readonly signal: AbortSignal | undefined;
}

/**
 * Sampling with a recurrent model (Chen et al. 2024, Algorithm 2): a state of fixed size stands for all tokens so far,
 * so a rollout has no window and takes constant memory for ever. One executable per batch size, whatever the length.
 */
export class RecurrentSampler {
  readonly process: RecurrentProcess;
  readonly steps: number;
  /** The noise level of each index 0..S. */
  readonly levels: Int32Array;
  readonly #options: Required<Omit<RecurrentSamplerOptions, "compatibility">>;
  readonly #official: boolean;
  readonly #executables = new Map<number, Promise<Executable>>();
  #disposed = false;

  /** @throws `invalid-config` for a model without a recurrence, `checkpoint-mismatch`, `invalid-argument`. */
  constructor(process: DiffusionProcess, options: RecurrentSamplerOptions) {
    const { backend, parameters, steps = 50, eta = 0, stabilizationLevel = 1, compatibility } = options;
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
    this.steps = steps;
    this.levels = samplingLevels(levels, steps);
    this.#options = { backend, parameters, steps, eta, stabilizationLevel };
    this.#official = compatibility === "official";
  }

  /** The state of `batch` sequences before their first token. */
  async initialState(batch: number): Promise<RecurrentState> {
    const { backend, parameters } = this.#options;
    const graph = trace(parameters, (values) => ({ latent: this.process.model.recurrence.initial(values, batch) }));
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
    const given = this.#conditions("observe", batch, length, condition);
    const noise = noiseSource(options.random, from.position);
    const { schedule, clipNoise } = this.process;
    const estimates: HostTensor[] = [];
    const held = new HeldTensors();
    let latent: Tensor = from.latent;
    try {
      for (let t = 0; t < length; t++) {
        let x = tokenAt(tokens, t);
        if (this.#official) x = slightlyNoised(schedule, x, clampedTo(clipNoise, noise(x.shape)));
        const step = await this.#step(held, latent, x, this.#official ? [1, 0] : [0, 0], given?.(t));
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
    const { length, chunk = 1, matrix = pyramid(), random, condition, signal } = options;
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
      const given = this.#conditions("rollout", batch, size, condition?.(state.position, size));
      const noise = noiseSource(random, state.position);
      const tokens = Array.from({ length: size }, () => {
        const drawn = noise([batch, 1, ...model.tokenShape]);
        return this.#official ? drawn : clampedTo(clipNoise, drawn);
      });
      const held = new HeldTensors();
      const one: Chunk = { start: state.latent, tokens, matrix, noise, condition: given, signal, held };
      const { x, latent } = await (this.#official ? this.#officialChunk(one) : this.#chunk(one)).finally(() =>
        held.dropAll(),
      );
      done += size;
      state = { position: state.position + size, latent };
      yield { tokens: joined(x), state };
    }
  }

  /** Frees the executables. */
  async dispose(): Promise<void> {
    this.#disposed = true;
    const executables = [...this.#executables.values()];
    this.#executables.clear();
    for (const executable of executables) (await executable.catch(() => undefined))?.dispose();
  }

  /** Every token takes the steps of its column; one that is clean, and all before it too, is read once, for good. */
  async #chunk({ start, tokens, matrix, noise, condition, signal, held }: Chunk): Promise<DenoisedChunk> {
    const scheduling = schedulingMatrix(matrix, this.steps, tokens.length);
    validateSchedulingMatrix(scheduling);
    const { eta } = this.#options;
    const x: Tensor[] = [...tokens];
    let base: Tensor = start;
    let settled = 0;
    const settle = async (row: Int32Array): Promise<void> => {
      for (; settled < x.length && row[settled] === 0; settled++) {
        const step = await this.#step(held, base, x[settled] as Tensor, [0, 0], condition?.(settled));
        held.drop(base);
        base = step.state;
        held.drop(step.x);
        held.drop(step.x0);
      }
    };
    const { rows } = scheduling;
    for (let m = 1; m < rows.length; m++) {
      throwIfAborted(signal);
      const [from, to] = [rows[m - 1] as Int32Array, rows[m] as Int32Array];
      await settle(from);
      let state: Tensor = base;
      // What comes after the last token that moves need not be read yet.
      const last = from.reduce((latest, index, t) => (index === to[t] ? latest : t), -1);
      for (let t = settled; t <= last; t++) {
        const drawn = eta > 0 ? clampedTo(this.process.clipNoise, noise(tokens[0]?.shape as number[])) : undefined;
        const step = await this.#step(
          held,
          state,
          x[t] as Tensor,
          this.#levelsAt(from[t], to[t]),
          condition?.(t),
          drawn,
        );
        if (state !== base) held.drop(state);
        held.drop(x[t] as Tensor);
        held.drop(step.x0);
        state = step.state;
        x[t] = step.x;
      }
      if (state !== base) held.drop(state);
    }
    await settle(rows[rows.length - 1] as Int32Array);
    return { x: await Promise.all(x.map((value) => toHost(value, held))), latent: await toHost(base, held) };
  }

  /** The paper's code; see `compatibility`. */
  async #officialChunk({ start, tokens, matrix, noise, condition, signal, held }: Chunk): Promise<DenoisedChunk> {
    const x: Tensor[] = [...tokens];
    let state: Tensor = start;
    for (const pass of officialPasses(matrix, this.steps, x.length)) {
      throwIfAborted(signal);
      held.drop(state);
      state = start;
      for (const [t, index] of pass.entries()) {
        const levels = this.#levelsAt(index, index - 1);
        const drawn = index > 1 ? clampedTo(this.process.clipNoise, noise(tokens[0]?.shape as number[])) : undefined;
        const step = await this.#step(held, state, x[t] as Tensor, levels, condition?.(t), drawn);
        held.drop(state);
        held.drop(x[t] as Tensor);
        held.drop(step.x0);
        state = step.state;
        x[t] = step.x;
      }
    }
    return { x: await Promise.all(x.map((value) => toHost(value, held))), latent: await toHost(state, held) };
  }

  #levelsAt(from: number | undefined, to: number | undefined): [number, number] {
    return [this.levels[from as number] as number, this.levels[to as number] as number];
  }

  /** Without noise a step takes zeros: the last step of a token, and reading one, use none. */
  async #step(
    held: HeldTensors,
    state: Tensor,
    x: Tensor,
    [from, to]: readonly [number, number],
    condition?: HostTensor,
    noise?: HostTensor,
  ): Promise<{ readonly x: Tensor; readonly state: Tensor; readonly x0: Tensor }> {
    const batch = state.shape[0] as number;
    const level = (value: number): HostTensor => tensor(new Int32Array(batch).fill(value), [batch, 1]);
    const executable = await this.#executable(batch);
    const outputs = await executable.run({
      state,
      x,
      from: level(from),
      to: level(to),
      ...(this.#options.eta > 0 ? { noise: noise ?? zeros("float32", x.shape) } : {}),
      ...(condition ? { condition } : {}),
    });
    return held.hold(outputs) as { x: Tensor; state: Tensor; x0: Tensor };
  }

  #executable(batch: number): Promise<Executable> {
    if (this.#disposed) throw new DiffusionForcingError("disposed", "This sampler has been disposed. Make another.");
    let executable = this.#executables.get(batch);
    if (executable === undefined) {
      const { backend, parameters, eta, stabilizationLevel } = this.#options;
      const compatibility = this.#official ? ({ compatibility: "official" } as const) : {};
      const graph = recurrentStepGraph(this.process, { eta, stabilizationLevel, ...compatibility }, batch);
      const constants = Object.fromEntries(
        Object.entries(parameters).map(([name, value]) => [parameterName(name), value]),
      );
      executable = backend.compile(graph, { constants });
      // A failed compilation must not be remembered.
      executable.catch(() => this.#executables.delete(batch));
      this.#executables.set(batch, executable);
    }
    return executable;
  }

  #batchOf({ latent }: RecurrentState): number {
    const { stateShape } = this.process.model.recurrence;
    if (latent.dtype !== "float32" || !shapesEqual(latent.shape.slice(1), stateShape)) {
      throw new DiffusionForcingError(
        "shape-mismatch",
        `The state is ${formatType(latent)}; expected float32[B, ${stateShape.join(", ")}].`,
      );
    }
    return latent.shape[0] as number;
  }

  #conditions(
    what: string,
    batch: number,
    length: number,
    condition: HostTensor | undefined,
  ): ((t: number) => HostTensor) | undefined {
    const { conditionFeatures } = this.process.model;
    const expected = [batch, length, conditionFeatures];
    const found = condition === undefined ? "absent" : formatType(condition);
    if (conditionFeatures === 0 && condition === undefined) return undefined;
    if (conditionFeatures === 0 || condition === undefined || !shapesEqual(condition.shape, expected)) {
      throw new DiffusionForcingError(
        "shape-mismatch",
        `${what}: the condition is ${found}; expected ${conditionFeatures === 0 ? "none" : `float32[${expected.join(", ")}]`}.`,
      );
    }
    return (t) => tokenAt(condition, t);
  }
}

interface DenoisedChunk {
  /** The clean tokens, each [B, 1, ...]. */
  readonly x: readonly HostTensor[];
  /** The state after them. */
  readonly latent: HostTensor;
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
