import { breathe } from "../../engine/breathe.js";
import { throwIfAborted } from "../../engine/errors.js";
import { sizeOf } from "../../engine/tensor/shape.js";
import { disposeTensor, type HostTensor, readTensor, type Tensor, tensor } from "../../engine/tensor/tensor.js";
import { drawNoise } from "../noise-source.js";
import { guidanceInputName, modelMemoryName, noiseNeeds } from "../walk-inputs.js";
import type { TensorsByName, WalkRequest } from "../walk-request.js";
import { coupled } from "./coupling.js";
import { draftGraph, kernelGraph, type SpeculationShape } from "./graphs.js";
import type { GraphHost, SpeculationPlan } from "./host.js";
import { Moves } from "./moves.js";
import { Progress } from "./progress.js";

/** What one window came to. */
export interface WindowReport {
  /** Rows that all samples have done. */
  readonly step: number;
  /** The sequence of each sample after the moves that it has done. */
  readonly x: HostTensor;
  /** Predictions made of each sample so far, and runs of the model in sequence. */
  readonly evaluations: number;
  readonly calls: number;
}

/** Drafts of a window, by number of moves and sample: `states` after them, `means` and `deviations` of the last. */
interface Drafts {
  readonly states: Float32Array;
  readonly means: Float32Array;
  readonly deviations: Float32Array;
}

/** A walk by speculation: windows of drafted moves, checked together; every sample at its own pace. */
export class SpeculativeWalk {
  readonly #host: GraphHost;
  readonly #plan: SpeculationPlan;
  readonly #request: WalkRequest;
  readonly #moves: Moves;
  readonly #progress: Progress;
  readonly #batch: number;
  readonly #length: number;
  /** Numbers of a token, and of a sequence. */
  readonly #size: number;
  readonly #numbers: number;
  /** The estimate that drafts are made from, [B, T, ...], and the samples in which it is that of the present state. */
  readonly #clean: Float32Array;
  readonly #isFresh: boolean[];
  #hasEstimate = false;
  #evaluations = 0;
  #calls = 0;

  constructor(host: GraphHost, plan: SpeculationPlan, request: WalkRequest) {
    const { tokens, rows, random } = request;
    [this.#batch, this.#length] = tokens.shape as [number, number];
    this.#host = host;
    this.#plan = plan;
    this.#request = request;
    this.#moves = new Moves(rows, host.levels, random);
    this.#size = sizeOf(tokens.shape.slice(2));
    this.#numbers = this.#length * this.#size;
    const data = tokens.data as Float32Array;
    const start = Array.from({ length: this.#batch }, (_, b) => this.#part(data, b));
    this.#progress = new Progress(start, this.#groups(), this.#size);
    this.#clean = new Float32Array(data.length);
    this.#isFresh = start.map(() => false);
  }

  /** @yields after every window. */
  async *windows(): AsyncGenerator<WindowReport> {
    const { draft } = this.#plan;
    while (this.#done() < this.#moves.count) {
      throwIfAborted(this.#request.signal);
      const needsEstimate =
        draft === "frozen" ? this.#isFresh.includes(false) : draft === "recent" && !this.#hasEstimate;
      if (needsEstimate) await this.#estimate();
      const drafts = await this.#drafts();
      const offset = draft === "frozen" ? 1 : 0;
      const { means, clean } = await this.#kernel(drafts, offset);
      for (let b = 0; b < this.#batch; b++) this.#advance(b, drafts, means, clean, offset);
      const done = this.#done();
      this.#moves.forget(done);
      yield {
        step: this.#moves.steps[done - 1] ?? 0,
        x: this.#sequence(),
        evaluations: this.#evaluations,
        calls: this.#calls,
      };
      await breathe();
    }
  }

  /** Moves that every sample has done. */
  #done(): number {
    return Math.min(...this.#isFresh.map((_, b) => this.#progress.base(b)));
  }

  /**
   * Where a token's law depends on the tokens before it alone, each is coupled by itself, and a rejection leaves those
   * before it as they are; elsewhere all together.
   */
  #groups(): number[][] {
    const { diffusion, options } = this.#host;
    const all = Array.from({ length: this.#length }, (_, t) => t);
    const isCausal =
      diffusion.model.memory !== undefined && options.guidance === undefined && options.scores === undefined;
    return isCausal ? all.map((t) => [t]) : [all];
  }

  #part(data: Float32Array, index: number): Float32Array {
    return data.subarray(index * this.#numbers, (index + 1) * this.#numbers);
  }

  #sequence(): HostTensor<"float32"> {
    const data = new Float32Array(this.#batch * this.#numbers);
    for (let b = 0; b < this.#batch; b++) this.#part(data, b).set(this.#progress.values(b, this.#progress.base(b)));
    return tensor(data, this.#request.tokens.shape);
  }

  /** The estimate of every sample's present state. */
  async #estimate(): Promise<void> {
    const states = this.#sequence();
    const found = await this.#look(1, states.data, 0);
    this.#clean.set(found.clean);
    this.#hasEstimate = true;
  }

  async #drafts(): Promise<Drafts> {
    const { length: steps, draft } = this.#plan;
    const {
      condition,
      tokens: { shape: sequence },
    } = this.#request;
    const shape: SpeculationShape = { batch: this.#batch, length: this.#length, steps };
    const drafter = typeof draft === "string" ? this.#host : draft;
    const isFrozen = typeof draft === "string";
    const stacked = (): Float32Array => new Float32Array(steps * this.#batch * this.#numbers);
    const [noise, known] = [stacked(), stacked()];
    const isKnown = new Int32Array(steps * this.#batch * this.#length);
    for (let j = 0; j < steps; j++) {
      for (let b = 0; b < this.#batch; b++) {
        const index = j * this.#batch + b;
        const move = this.#progress.base(b) + j;
        this.#part(noise, index).set(this.#noise(move, b));
        for (const [g, tokens] of this.#progress.groups.entries()) {
          if (this.#progress.done(b, g) <= move) break;
          this.#part(known, index).set(this.#progress.values(b, move + 1));
          for (const t of tokens) isKnown[index * this.#length + t] = 1;
        }
      }
    }
    const inputs: Record<string, Tensor> = {
      x: this.#sequence(),
      levels: this.#levels(steps + 1, 0),
      noise: tensor(noise, [steps, ...sequence]),
      known: tensor(known, [steps, ...sequence]),
      isKnown: tensor(isKnown, [steps, this.#batch, this.#length]),
      ...(isFrozen ? { clean: tensor(this.#clean, sequence) } : condition && { condition }),
    };
    const key = JSON.stringify(["draft", shape, isFrozen]);
    const outputs = await drafter.compiled(
      key,
      () => draftGraph(drafter.diffusion, drafter.options, shape, isFrozen),
      (executable) => executable.run(inputs),
    );
    const { states, means, deviations } = await numbersOf(outputs);
    return { states, means, deviations } as Drafts;
  }

  /** The target's law at the states after `offset`.. drafted moves; by state and sample. */
  #kernel({ states }: Drafts, offset: number): Promise<{ means: Float32Array; clean: Float32Array }> {
    const { length } = this.#plan;
    if (offset === 1) return this.#look(length, states, 1);
    const shown = new Float32Array(states.length);
    shown.set(this.#sequence().data);
    shown.set(states.subarray(0, (length - 1) * this.#batch * this.#numbers), this.#batch * this.#numbers);
    return this.#look(length, shown, 0);
  }

  /** One run of the model on `count` states of each sample, the first of them `offset` moves after the present. */
  async #look(count: number, states: Float32Array, offset: number) {
    const { memory, tokens } = this.#request;
    const { diffusion, options } = this.#host;
    const shape: SpeculationShape = {
      batch: this.#batch,
      length: this.#length,
      steps: count,
      ...(memory === undefined ? {} : { memory: memory.types }),
    };
    const [rows, at] = [count * this.#batch, this.#levels(count + 1, offset)];
    const level = (first: number): HostTensor =>
      tensor(at.data.slice(first * this.#batch * this.#length, (first + count) * this.#batch * this.#length), [
        rows,
        this.#length,
      ]);
    const inputs: TensorsByName = {
      x: tensor(states, [rows, ...tokens.shape.slice(1)]),
      from: level(0),
      to: level(1),
      ...this.#steering(count, offset),
      ...Object.fromEntries(
        Object.entries(memory?.values ?? {}).map(([name, value]) => [modelMemoryName(name), value]),
      ),
    };
    const types = memory && Object.values(memory.types).map((type) => type.shape);
    const outputs = await this.#host.compiled(
      JSON.stringify(["kernel", this.#batch, this.#length, count, types]),
      () => kernelGraph(diffusion, options, shape),
      (executable) => executable.run(inputs),
    );
    this.#evaluations += count;
    this.#calls++;
    const found = await numbersOf(outputs);
    return { means: found.mean as Float32Array, clean: found.clean as Float32Array };
  }

  /** Couples the drafted moves of a sample with the target's, until one is rejected. */
  #advance(b: number, drafts: Drafts, means: Float32Array, clean: Float32Array, offset: number): void {
    const { groups } = this.#progress;
    const base = this.#progress.base(b);
    const end = Math.min(base + this.#plan.length, this.#moves.count);
    /** The first group whose drafts hang on one that was rejected. */
    let spoilt = groups.length;
    for (let move = base; move < end && spoilt > 0; move++) {
      const drafted = (move - base) * this.#batch + b;
      const seen = (move - base - offset) * this.#batch + b;
      let next = spoilt;
      for (let g = 0; g < spoilt; g++) {
        const tokens = groups[g] as readonly number[];
        if (this.#progress.done(b, g) > move) continue;
        const states = this.#part(drafts.states, drafted);
        this.#progress.copy(b, g, move + 1, states);
        if (seen >= 0) {
          const isKept = coupled(
            {
              draft: this.#part(drafts.means, drafted),
              target: this.#part(means, seen),
              deviation: drafts.deviations.subarray(drafted * this.#length, (drafted + 1) * this.#length),
              value: states,
              noise: this.#noise(move, b),
              tokens: this.#moves.moving(move, tokens),
              size: this.#size,
              decision: this.#decision(move, b, g),
            },
            this.#progress.values(b, move + 1),
          );
          if (!isKept) next = Math.min(next, g);
          this.#keepEstimate(b, tokens, this.#part(clean, seen));
        }
        this.#progress.advance(b, g);
      }
      spoilt = next;
    }
    const isWhole = spoilt === groups.length;
    this.#isFresh[b] = this.#progress.base(b) === this.#moves.count || isWhole;
    if (isWhole) {
      const last = (this.#plan.length - 1) * this.#batch + b;
      this.#part(this.#clean, b).set(this.#part(clean, last));
    }
  }

  #keepEstimate(b: number, tokens: readonly number[], clean: Float32Array): void {
    for (const t of tokens) {
      const own = clean.subarray(t * this.#size, (t + 1) * this.#size);
      this.#part(this.#clean, b).set(own, t * this.#size);
    }
  }

  #noise(move: number, b: number): Float32Array {
    const { tokens } = this.#request;
    return this.#part(this.#moves.noise(move, ["step", 0], tokens.shape, this.#host.diffusion.process.noiseClip), b);
  }

  #decision(move: number, b: number, group: number): number {
    const count = this.#progress.groups.length;
    const clip = this.#host.diffusion.process.noiseClip;
    return this.#moves.noise(move, ["accept"], [this.#batch, count], clip)[b * count + group] as number;
  }

  /** int32 [count, B, T]: the levels after `offset`.. moves from each sample's present. */
  #levels(count: number, offset: number): HostTensor<"int32"> {
    const data = new Int32Array(count * this.#batch * this.#length);
    for (let i = 0; i < count * this.#batch; i++) {
      const move = this.#progress.base(i % this.#batch) + offset + Math.floor(i / this.#batch);
      data.set(this.#moves.row(move), i * this.#length);
    }
    return tensor(data, [count, this.#batch, this.#length]);
  }

  /** What steers `count` states of each sample. */
  #steering(count: number, offset: number): TensorsByName {
    const { condition, guidanceInputs = {}, historyNoise, tokens, random } = this.#request;
    const needs = noiseNeeds(this.#host.options, this.#host.diffusion.process);
    const { noiseClip } = this.#host.diffusion.process;
    const named: Record<string, Tensor> = {};
    for (const [name, value] of Object.entries(guidanceInputs)) named[guidanceInputName(name)] = repeated(value, count);
    if (condition !== undefined) named.condition = repeated(condition, count);
    if (needs.history)
      named.historyNoise = repeated(historyNoise ?? drawNoise(random, ["history"], tokens.shape, noiseClip), count);
    if (needs.futures > 1) {
      const rows = count * this.#batch;
      const data = new Float32Array(needs.futures * rows * this.#numbers);
      for (let i = 0; i < needs.futures * rows; i++) {
        const [future, row] = [Math.floor(i / rows), i % rows];
        const b = row % this.#batch;
        const move = this.#progress.base(b) + offset + Math.floor(row / this.#batch);
        this.#part(data, i).set(this.#part(this.#moves.noise(move, ["futures", future], tokens.shape, noiseClip), b));
      }
      named.futureNoise = tensor(data, [needs.futures, rows, ...tokens.shape.slice(1)]);
    }
    return named;
  }
}

/** `count` copies of a batch, one after the other. */
function repeated(value: HostTensor, count: number): HostTensor {
  const data = new (value.data.constructor as Float32ArrayConstructor)(count * value.data.length);
  for (let i = 0; i < count; i++) data.set(value.data as Float32Array, i * value.data.length);
  return { ...value, shape: [count * (value.shape[0] as number), ...value.shape.slice(1)], data } as HostTensor;
}

/** The float32 numbers of a run's outputs, whose tensors are freed. */
async function numbersOf(outputs: TensorsByName): Promise<Record<string, Float32Array>> {
  const entries = Object.entries(outputs).map(async ([name, value]) => {
    const { data } = await readTensor(value);
    disposeTensor(value);
    return [name, data as Float32Array] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}
