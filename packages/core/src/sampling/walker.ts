import type { Diffusion } from "../diffusion/diffusion.js";
import { BoundedExecutables, type HeldExecutable } from "../engine/backend/bounded-executables.js";
import type { Backend, Executable } from "../engine/backend/contract.js";
import { breathe } from "../engine/breathe.js";
import { DiffusionForcingError, throwIfAborted } from "../engine/errors.js";
import type { Graph } from "../engine/graph/graph.js";
import {
  disposeTensor,
  type HostTensor,
  type HostTensorRecord,
  type Tensor,
  tensor,
  zeros,
} from "../engine/tensor/tensor.js";
import { guidanceInputTypes } from "./guidance/gradient.js";
import { drawNoise } from "./noise-source.js";
import { checkGuidanceInputs } from "./request.js";
import type { GraphHost, SpeculationPlan } from "./speculation/host.js";
import { SpeculativeWalk } from "./speculation/walk.js";
import { walkGraph } from "./walk-graph.js";
import {
  guidanceInputName,
  modelMemoryName,
  noiseNeeds,
  parameterName,
  solverMemoryName,
  type WalkOptions,
  type WalkShape,
} from "./walk-inputs.js";
import type { TensorsByName, WalkProgress, WalkRequest } from "./walk-request.js";

/** Memory for executables that were used before, bytes; most hold a copy of the weights. */
const KEPT_BYTES = 2 ** 27;

/** Weights of so many bytes are held by none but the executables of the last walk. */
const LARGE_BYTES = 2 ** 25;

/** A walk of fewer steps, of a shape that may not come again, is not worth a copy of large weights, packed for the processor. */
const BRIEF_STEPS = 64;

/**
 * Compiles walks and runs them: rows of a matrix in, tokens out, all state on the device between.
 */
export class Walker implements GraphHost {
  readonly diffusion: Diffusion;
  readonly options: WalkOptions;
  readonly backend: Backend;
  /** Noise level of each level index. */
  readonly levels: Int32Array;
  /** How steps are drafted, if they are. */
  readonly speculation: SpeculationPlan | undefined;
  readonly #constants: HostTensorRecord;
  readonly #executables: BoundedExecutables;
  /** What walks used last, by key: held, as the next one most likely takes the same. */
  readonly #recent = new Map<string, { readonly walk: number; readonly held: HeldExecutable }>();
  /** Shapes made ready ahead: they are to be fast, however short the walks. */
  readonly #warm = new Set<string>();
  readonly #isLarge: boolean;
  /** Walks begun. */
  #walks = 0;
  #disposed = false;

  constructor(
    diffusion: Diffusion,
    options: WalkOptions,
    levels: Int32Array,
    backend: Backend,
    parameters: HostTensorRecord,
    speculation?: SpeculationPlan,
  ) {
    this.speculation = speculation;
    this.diffusion = diffusion;
    this.options = options;
    this.levels = levels;
    this.backend = backend;
    const entries = Object.entries(parameters);
    this.#constants = Object.fromEntries(entries.map(([name, value]) => [parameterName(name), value]));
    const weights = entries.reduce((sum, [, { data }]) => sum + data.byteLength, 0);
    this.#isLarge = weights > LARGE_BYTES;
    this.#executables = new BoundedExecutables(backend, { bytes: this.#isLarge ? 0 : KEPT_BYTES });
  }

  /** Runs `use` with the compiled graph of a shape. Brief walks have one of their own, unless the shape was made ready. */
  run<T>(shape: WalkShape, use: (executable: Executable) => Promise<T>, brief?: boolean): Promise<T> {
    const key = keyOf(shape);
    const graph = (): Graph => walkGraph(this.diffusion, this.options, shape);
    return brief && !this.#warm.has(key)
      ? this.compiled(`brief ${key}`, graph, use, true)
      : this.compiled(key, graph, use);
  }

  /** Runs `use` with a compiled graph. What it takes the place of, of earlier walks, is freed before it is compiled. */
  async compiled<T>(
    key: string,
    graph: () => Graph,
    use: (executable: Executable) => Promise<T>,
    brief = false,
  ): Promise<T> {
    if (this.#disposed) throw new DiffusionForcingError("disposed", "This sampler has been disposed. Make another.");
    if (!this.#recent.has(key)) this.#letGo((walk) => walk < this.#walks);
    const held = await this.#executables.hold(key, graph, this.#constants, brief);
    try {
      return await use(held.executable);
    } finally {
      this.#recent.get(key)?.held.release();
      this.#recent.set(key, { walk: this.#walks, held });
    }
  }

  #letGo(isOver: (walk: number) => boolean): void {
    for (const [key, { walk, held }] of this.#recent) {
      if (!isOver(walk)) continue;
      this.#recent.delete(key);
      held.release();
    }
  }

  /** Compiles a shape and takes one run on zeros, as GPUs compile their shaders in the first run. */
  async warmup(shape: WalkShape): Promise<void> {
    this.#warm.add(keyOf(shape));
    const { inputs } = walkGraph(this.diffusion, this.options, shape);
    const open = inputs.filter(({ attributes }) => !(attributes.name in this.#constants));
    const zeroed = open.map(({ attributes: { name, dtype, shape: sizes } }) => [name, zeros(dtype, sizes)]);
    const outputs = await this.run(shape, (executable) => executable.run(Object.fromEntries(zeroed)));
    Object.values(outputs).forEach(disposeTensor);
  }

  /** Walks the rows, by speculation if that was asked for. */
  async *walk(request: WalkRequest): AsyncGenerator<WalkProgress> {
    const [batch, length] = request.tokens.shape as [number, number];
    // Where nothing is denoised nothing is guided.
    const types = request.rows.length > 1 ? guidanceInputTypes(this.options.guidance, batch, length) : {};
    checkGuidanceInputs(request.guidanceInputs, types);
    this.#walks++;
    if (this.speculation === undefined || request.rows.length === 0) yield* this.#stepByStep(request);
    else yield* this.#speculating(this.speculation, request);
  }

  async *#speculating(plan: SpeculationPlan, request: WalkRequest): AsyncGenerator<WalkProgress> {
    const last = lastOf(request.rows);
    let reached: Omit<WalkProgress, "x"> & { x: HostTensor } = { step: last, x: request.tokens, taken: 0, calls: 0 };
    for await (const { step, x, evaluations, calls } of new SpeculativeWalk(this, plan, request).windows()) {
      reached = { step: last, x, taken: evaluations, calls };
      if (step < last) yield { ...reached, step };
    }
    // What the walk remembers is read in the end, as of any walk.
    const { x: tokens, ...counts } = reached;
    const rows = request.rows.slice(-1);
    for await (const read of this.#stepByStep({ ...request, tokens, rows })) yield { ...read, ...counts };
  }

  /**
   * Walks the rows; those that change nothing are skipped. Step m draws its noise from `random.split(m)`, so a walk can be
   * cut and resumed at any row: with that row in place of each one before it.
   *
   * @yields after every run; the last one stands for the last row. `x` is valid until the next is asked for.
   */
  async *#stepByStep(request: WalkRequest): AsyncGenerator<WalkProgress> {
    const { tokens, rows, memory, commit = false, unroll = 1, repeated, signal } = request;
    const [batch, length] = tokens.shape as [number, number];
    const moves = rows.flatMap((row, m) => (m > 0 && changes(rows[m - 1] as ArrayLike<number>, row) ? [m] : []));
    // By the rows, not the moves: one that is cut and resumed takes the same numbers. A device keeps weights beside it.
    const isBrief = !repeated && rows.length <= BRIEF_STEPS;
    const brief = isBrief && this.#isLarge && !this.backend.capabilities.deviceTensors;
    const runs = commit && moves.length === 0 ? [[]] : inParts(moves, unroll);
    let x: Tensor = tokens;
    let solverMemory = this.#freshSolverMemory(tokens.shape);
    let taken = 0;
    const { evaluations } = this.options.solver;
    const last = lastOf(rows);
    try {
      for (const [i, part] of runs.entries()) {
        throwIfAborted(signal);
        const isLast = i === runs.length - 1;
        const shape: WalkShape = {
          batch,
          length,
          steps: part.length,
          ...(memory === undefined ? {} : { memory: memory.types }),
          ...(commit && isLast ? { commit } : {}),
        };
        // A run that only commits takes no steps, and so nothing of the solver's.
        const inputs = {
          ...this.#inputs(request, part),
          ...(part.length > 0 ? solverMemory : {}),
          ...named(memory?.values, modelMemoryName),
        };
        const outputs = await this.run(shape, (executable) => executable.run({ ...inputs, x }), brief);
        disposeTensor(x);
        Object.values(solverMemory).forEach(disposeTensor);
        x = outputs.x as Tensor;
        solverMemory = taking(outputs, solverMemoryName(""));
        const after = unnamed(taking(outputs, modelMemoryName("")), modelMemoryName(""));
        taken += part.length;
        const step = isLast ? last : (part.at(-1) as number);
        yield { step, x, taken, calls: taken * evaluations, ...(shape.commit ? { memory: after } : {}) };
        await breathe();
      }
      if (runs.length === 0) yield { step: last, x, taken: 0, calls: 0 };
    } finally {
      disposeTensor(x);
      Object.values(solverMemory).forEach(disposeTensor);
    }
  }

  #freshSolverMemory(shape: readonly number[]): TensorsByName {
    const types = this.options.solver.memory?.({ dtype: "float32", shape }) ?? {};
    const entries = Object.entries(types).map(([name, type]) => [
      solverMemoryName(name),
      zeros(type.dtype, type.shape),
    ]);
    return Object.fromEntries(entries);
  }

  /** What a run of the steps to those rows takes besides what loops. */
  #inputs(request: WalkRequest, steps: readonly number[]): TensorsByName {
    const { tokens, rows, random, condition, guidanceInputs = {} } = request;
    const needs = noiseNeeds(this.options, this.diffusion.process);
    const { noiseClip } = this.diffusion.process;
    const draw = (path: readonly (string | number)[]): HostTensor<"float32"> =>
      drawNoise(random, path, tokens.shape, noiseClip);
    const each = (count: number, label: string): HostTensor<"float32"> =>
      stacked(steps.flatMap((step) => Array.from({ length: count }, (_, j) => draw([step, label, j]))));
    const isMoving = steps.length > 0;
    return {
      ...(isMoving ? { levels: this.#levelTensor(rows, steps, tokens.shape as [number, number]) } : {}),
      ...(isMoving && needs.draws > 0 ? { noise: each(needs.draws, "step") } : {}),
      ...(isMoving && needs.futures > 1 ? { futureNoise: each(needs.futures, "futures") } : {}),
      ...(needs.history ? { historyNoise: request.historyNoise ?? draw(["history"]) } : {}),
      ...(condition === undefined ? {} : { condition }),
      ...(isMoving ? named(guidanceInputs, guidanceInputName) : {}),
    };
  }

  /** int32 [steps + 1, B, T]. */
  #levelTensor(
    rows: readonly ArrayLike<number>[],
    steps: readonly number[],
    [batch, length]: readonly [number, number],
  ): HostTensor {
    const first = (steps[0] as number) - 1;
    const taken = [first, ...steps].map((m) => rows[m] as ArrayLike<number>);
    const data = new Int32Array(taken.length * batch * length);
    for (let i = 0; i < data.length; i++) {
      const row = taken[Math.floor(i / (batch * length))] as ArrayLike<number>;
      data[i] = this.levels[row[i % length] as number] as number;
    }
    return tensor(data, [taken.length, batch, length]);
  }

  /** Runs a graph of the parameters alone, once. */
  async evaluate(graph: Graph): Promise<TensorsByName> {
    const executable = await this.backend.compile(graph);
    try {
      return await executable.run(this.#constants);
    } finally {
      executable.dispose();
    }
  }

  dispose(): Promise<void> {
    this.#disposed = true;
    return this.#executables.dispose();
  }
}

function keyOf({ memory, ...plain }: WalkShape): string {
  return JSON.stringify([plain, memory && Object.values(memory).map((type) => type.shape)]);
}

/** The number of the last row; 0 of none, where tokens are only read into a memory. */
function lastOf(rows: WalkRequest["rows"]): number {
  return Math.max(rows.length - 1, 0);
}

function changes(before: ArrayLike<number>, after: ArrayLike<number>): boolean {
  return Array.from(after).some((index, t) => index !== before[t]);
}

function inParts(moves: readonly number[], size: number): number[][] {
  const parts: number[][] = [];
  for (let i = 0; i < moves.length; i += size) parts.push(moves.slice(i, i + size));
  return parts;
}

/** [...] each -> [n, ...]. */
function stacked(parts: readonly HostTensor<"float32">[]): HostTensor<"float32"> {
  const [first] = parts as [HostTensor<"float32">];
  const data = new Float32Array(parts.length * first.data.length);
  for (const [i, part] of parts.entries()) data.set(part.data, i * first.data.length);
  return tensor(data, [parts.length, ...first.shape]);
}

function named(values: TensorsByName | undefined, nameOf: (name: string) => string): TensorsByName {
  return Object.fromEntries(Object.entries(values ?? {}).map(([name, value]) => [nameOf(name), value]));
}

function taking(outputs: TensorsByName, prefix: string): TensorsByName {
  return Object.fromEntries(Object.entries(outputs).filter(([name]) => name.startsWith(prefix)));
}

function unnamed(values: TensorsByName, prefix: string): TensorsByName {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name.slice(prefix.length), value]));
}
