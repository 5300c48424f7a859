import {
  type Backend,
  createRandom,
  DiffusionForcingError,
  type HostTensor,
  type HostTensorRecord,
  type MatrixShape,
  type RandomStream,
  Sampler,
  schedulingMatrix,
  tensor,
} from "@diffusion-forcing/core";
import { throwIfAborted } from "@diffusion-forcing/core/backend";
import type { MazeName } from "../mazes.js";
import { type PlannerConfig, plannerProcess } from "./config.js";
import { featuresPerFrame, type Normalizer, normalizeFrames } from "./frames.js";
import { type Plan, planOfFrames } from "./plan.js";
import { reachGoal } from "./reach-goal.js";

/** How the planner is told where to go. */
export type GoalMethod =
  /** The last token is the goal, clean: natural to per-token noise levels, and without a scale. */
  | { readonly kind: "goal-token" }
  /** The gradient of {@link reachGoal}, averaged over `samples` futures (default 4; 1 is without Monte Carlo). */
  | {
      readonly kind: "gradient";
      /** Per sample. The official scale is this times the batch size. */
      readonly scale: number;
      readonly samples?: number;
      readonly weights?: "intended" | "aliased";
    };

export interface PlannerOptions {
  readonly backend: Backend;
  readonly config: PlannerConfig;
  readonly parameters: HostTensorRecord;
  readonly normalizer: Normalizer;
  readonly goal?: GoalMethod;
  /** Default full sequence. */
  readonly matrix?: MatrixShape;
  /** DDIM steps a token takes. Default 20. */
  readonly steps?: number;
  /** Default 0, deterministic. */
  readonly eta?: number;
  /** The level start and goal token pretend to have. Default 10. */
  readonly stabilizationLevel?: number;
  /** Plans are made this many at a time; missing ones are filled up. Default 1. */
  readonly batch?: number;
  /** Numbers of tokens tried, rising, the first smooth plan being taken. Default: the config's lengths. */
  readonly lengths?: readonly number[];
  /** Largest distance between successive frames of a smooth plan. Default 0.3, 0.25, 0.3 by maze. */
  readonly smoothness?: number;
  /**
   * A further condition on plans, of their frames `[F, 2]`: for instance that they keep to where data exists. Not part
   * of Diffusion Forcing; off by default.
   */
  readonly accept?: (positions: Float32Array) => boolean;
}

export interface PlanProblem {
  /** The last frames, oldest first, raw features; at least one. Fewer than a token's are padded with the oldest. */
  readonly history: Float32Array;
  /** Where to go, in position coordinates. */
  readonly goal: readonly [x: number, y: number];
}

function refuse(what: string): never {
  throw new DiffusionForcingError("invalid-argument", `MazePlanner: ${what}.`);
}

const smoothnessOf: Readonly<Record<MazeName, number>> = { umaze: 0.3, medium: 0.25, large: 0.3 };

/** A trained planner: turns problems into plans by denoising, several at a time. */
export class MazePlanner {
  readonly config: PlannerConfig;
  readonly #options: PlannerOptions;
  readonly #width: number;
  readonly #goal: GoalMethod;
  readonly #sampler: Sampler;

  /** @throws `invalid-argument` for illegal options, `checkpoint-mismatch` for the weights of another model. */
  constructor(options: PlannerOptions) {
    const { backend, config, parameters, goal = { kind: "goal-token" }, batch = 1, lengths = config.lengths } = options;
    if (!Number.isInteger(batch) || batch < 1) refuse(`batch is ${batch}; expected a positive integer`);
    if (lengths.length === 0 || !lengths.every((length) => Number.isInteger(length) && length >= 3)) {
      refuse(`lengths are [${lengths.join(", ")}]; expected at least one, integers from 3`);
    }
    this.config = config;
    this.#options = options;
    this.#width = featuresPerFrame(config.fields);
    this.#goal = goal;
    const actionFeatures = config.fields.includes("action") ? 2 : 0;
    this.#sampler = new Sampler(plannerProcess(config), {
      backend,
      parameters,
      steps: options.steps ?? 20,
      eta: options.eta ?? 0,
      stabilizationLevel: options.stabilizationLevel ?? 10,
      ...(goal.kind === "gradient"
        ? {
            guidance: reachGoal({
              scale: goal.scale,
              frameStack: config.frameStack,
              observationFeatures: this.#width - actionFeatures,
              actionFeatures,
              samples: goal.samples ?? 4,
              // The factor that the scales in use were tuned with.
              factor: "next",
              weights: goal.weights ?? "intended",
            }),
          }
        : {}),
    });
  }

  /**
   * One plan for each problem. Lengths are tried upward; a problem is done at its first plan that is smooth (and
   * accepted), and gets its smoothest (accepted, if any) plan when none is.
   *
   * @param random draws all noise, one stream for each problem: its plan does not depend on the other problems.
   * @throws `shape-mismatch` for a history that is not whole frames, `invalid-argument` for a missing stream, `aborted`.
   */
  async plan(problems: readonly PlanProblem[], random: readonly RandomStream[], signal?: AbortSignal): Promise<Plan[]> {
    if (random.length !== problems.length) {
      refuse(`${problems.length} problems came with ${random.length} random streams; expected one for each`);
    }
    const { accept = () => true, lengths = this.config.lengths } = this.#options;
    const smoothness = this.#options.smoothness ?? smoothnessOf[this.config.maze];
    const best = new Array<{ plan: Plan; suitable: boolean } | undefined>(problems.length).fill(undefined);
    let open = problems.map((_, index) => index);
    for (const length of lengths) {
      if (open.length === 0) break;
      const plans = await this.#denoise(open, problems, random, length, signal);
      open = open.filter((problem, i) => {
        const plan = plans[i] as Plan;
        const suitable = accept(plan.positions);
        const accepted = suitable && plan.roughness < smoothness;
        const before = best[problem];
        const better =
          before === undefined ||
          (suitable && !before.suitable) ||
          (suitable === before.suitable && plan.roughness < before.plan.roughness);
        if (better) best[problem] = { plan: { ...plan, accepted }, suitable };
        return !accepted;
      });
    }
    return best.map((found) => (found as { plan: Plan }).plan);
  }

  /** The sequence of one problem at every step of its denoising, for pictures: frames `[F, features]`, raw units. */
  async *watch(
    problem: PlanProblem,
    random: RandomStream,
    length: number,
    signal?: AbortSignal,
  ): AsyncGenerator<Float32Array> {
    const tokens = this.#tokens([problem], [random], length);
    yield this.#frames(tokens, 0, length);
    for await (const { read } of this.#sampler.denoise(this.#request([problem], tokens, [random], length, signal))) {
      yield this.#frames(await read(), 0, length);
    }
  }

  async dispose(): Promise<void> {
    await this.#sampler.dispose();
  }

  async #denoise(
    indices: readonly number[],
    problems: readonly PlanProblem[],
    random: readonly RandomStream[],
    length: number,
    signal: AbortSignal | undefined,
  ): Promise<Plan[]> {
    const { batch = 1 } = this.#options;
    const plans: Plan[] = [];
    for (let first = 0; first < indices.length; first += batch) {
      throwIfAborted(signal);
      const chunk = indices.slice(first, first + batch);
      const filled = Array.from({ length: batch }, (_, i) => chunk[i] ?? (chunk[0] as number));
      const chosen = filled.map((index) => problems[index] as PlanProblem);
      const streams = filled.map((index) => random[index] as RandomStream);
      const tokens = this.#tokens(chosen, streams, length);
      const request = this.#request(chosen, tokens, streams, length, signal);
      const denoised = await this.#sampler.denoiseToEnd(request);
      for (let i = 0; i < chunk.length; i++) plans.push(this.#asPlan(denoised, i, chosen[i] as PlanProblem, length));
    }
    return plans;
  }

  /** Start tokens, then noise, then goal tokens if the goal is one: [B, T, C]. */
  #tokens(problems: readonly PlanProblem[], random: readonly RandomStream[], length: number): HostTensor {
    const { frameStack } = this.config;
    const { clipNoise } = this.config;
    const size = frameStack * this.#width;
    const data = new Float32Array(problems.length * length * size);
    problems.forEach((problem, i) => {
      const sequence = data.subarray(i * length * size, (i + 1) * length * size);
      (random[i] as RandomStream).split(`plan ${length}`).fillNormal(sequence, { clip: clipNoise });
      sequence.set(this.#startToken(problem));
      if (this.#goal.kind === "goal-token") {
        const goal = this.#goalFrame(problem);
        for (let frame = 0; frame < frameStack; frame++) sequence.set(goal, (length - 1) * size + frame * this.#width);
      }
    });
    return tensor(data, [problems.length, length, size]);
  }

  #startToken({ history }: PlanProblem): Float32Array {
    const { frameStack } = this.config;
    const given = Math.min(history.length / this.#width, frameStack);
    if (history.length === 0 || history.length % this.#width !== 0) {
      throw new DiffusionForcingError(
        "shape-mismatch",
        `plan: the history holds ${history.length} numbers; expected whole frames of ${this.#width}, at least one.`,
      );
    }
    const token = new Float32Array(frameStack * this.#width);
    const frames = history.subarray(history.length - given * this.#width);
    for (let frame = 0; frame < frameStack; frame++) {
      const source = Math.max(0, frame - (frameStack - given)) * this.#width;
      token.set(frames.subarray(source, source + this.#width), frame * this.#width);
    }
    normalizeFrames(token, this.#options.normalizer);
    return token;
  }

  /** The goal at rest, normalised. */
  #goalFrame({ goal }: PlanProblem): Float32Array {
    const frame = new Float32Array(this.#width);
    frame.set(goal);
    normalizeFrames(frame, this.#options.normalizer);
    return frame;
  }

  #request(
    problems: readonly PlanProblem[],
    tokens: HostTensor,
    random: readonly RandomStream[],
    length: number,
    signal: AbortSignal | undefined,
  ) {
    const clean = this.#goal.kind === "goal-token" ? [0, length - 1] : [0];
    const free = length - clean.length;
    const matrix = schedulingMatrix(this.#options.matrix ?? { name: "full-sequence" }, this.#sampler.steps, free);
    const rows = matrix.rows.map((row) => {
      const whole = new Int32Array(length);
      whole.set(row, 1);
      return whole;
    });
    const guidanceInputs =
      this.#goal.kind === "gradient"
        ? {
            start: this.#stack(problems.map((problem) => this.#startToken(problem).slice(-this.#width))),
            goal: this.#stack(problems.map((problem) => this.#goalFrame(problem))),
          }
        : {};
    return {
      tokens,
      rows,
      random: random.map((stream) => stream.split("steps")),
      guidanceInputs,
      ...(signal ? { signal } : {}),
    };
  }

  #stack(frames: readonly Float32Array[]): HostTensor {
    const data = new Float32Array(frames.length * this.#width);
    frames.forEach((frame, i) => {
      data.set(frame, i * this.#width);
    });
    return tensor(data, [frames.length, this.#width]);
  }

  /** Sample i's frames in raw units, its start token included. */
  #frames(tokens: HostTensor, i: number, length: number): Float32Array {
    const size = length * this.config.frameStack * this.#width;
    const frames = (tokens.data as Float32Array).slice(i * size, (i + 1) * size);
    normalizeFrames(frames, this.#options.normalizer, true);
    return frames;
  }

  #asPlan(tokens: HostTensor, i: number, problem: PlanProblem, length: number): Plan {
    const width = this.#width;
    const { frameStack } = this.config;
    const all = this.#frames(tokens, i, length);
    // From the start token only its last frame is the present; of a goal token one frame is enough.
    const end = this.#goal.kind === "goal-token" ? all.length - (frameStack - 1) * width : all.length;
    const frames = all.slice((frameStack - 1) * width, end);
    frames.set(problem.history.subarray(-width), 0);
    return planOfFrames(frames, width, length);
  }
}

/** One stream for each of `count` problems, all from one seed. */
export function planStreams(seed: number, count: number): RandomStream[] {
  const root = createRandom(seed).split("plans");
  return Array.from({ length: count }, (_, i) => root.split(i));
}
