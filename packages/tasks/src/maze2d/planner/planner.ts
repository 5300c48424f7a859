import {
  createRandom,
  DiffusionForcingError,
  ddim,
  fullSequence,
  type HostTensor,
  type RandomStream,
  schedulingMatrix,
  tensor,
} from "@diffusion-forcing/core";
import { throwIfAborted } from "@diffusion-forcing/core/backend";
import { Sampler } from "@diffusion-forcing/core/sampling";
import { goalRadius } from "../environment.js";
import type { MazeName } from "../mazes.js";
import { type PlannerConfig, plannerDiffusion } from "./config.js";
import { featuresPerFrame, normalizeFrames } from "./frames.js";
import { isBetterPlan, type JudgedPlan, judgePlan, type Plan, planOfFrames } from "./plan.js";
import {
  checkPlannerOptions,
  checkProblem,
  type PlannerOptions,
  type PlanProblem,
  type ReachMethod,
} from "./planner-options.js";
import { reachGoal } from "./reach-goal.js";

const smoothnessOf: Readonly<Record<MazeName, number>> = { umaze: 0.3, medium: 0.25, large: 0.3 };

/** A trained planner: turns problems into plans by denoising, several at a time. */
export class MazePlanner {
  readonly config: PlannerConfig;
  readonly #options: PlannerOptions;
  readonly #width: number;
  readonly #reach: ReachMethod;
  readonly #sampler: Sampler;

  /** @throws `invalid-argument` for illegal options, `checkpoint-mismatch` for the weights of another model. */
  constructor(options: PlannerOptions) {
    checkPlannerOptions(options);
    const { backend, config, parameters, reach = { kind: "token" } } = options;
    this.config = config;
    this.#options = options;
    this.#width = featuresPerFrame(config.fields);
    this.#reach = reach;
    const actionFeatures = config.fields.includes("action") ? 2 : 0;
    this.#sampler = new Sampler(plannerDiffusion(config), {
      backend,
      parameters,
      timesteps: options.steps ?? 20,
      solver: ddim({ eta: options.eta ?? 0 }),
      stabilizationLevel: options.stabilizationLevel ?? 10,
      ...(reach.kind === "gradient"
        ? {
            guidance: reachGoal({
              guidanceScale: reach.scale,
              frameStack: config.frameStack,
              observationFeatures: this.#width - actionFeatures,
              actionFeatures,
              samples: reach.samples ?? 4,
            }),
          }
        : {}),
    });
  }

  /**
   * One plan for each problem. Lengths are tried in their order; a problem is done at its first plan that is smooth,
   * ends at the goal and is accepted by the options' `accept`. If none is, it gets the best of them, marked as not
   * accepted: of plans that `accept` takes, before others, the smoothest that arrives, or the one that comes nearest.
   *
   * @param random draws all noise, one stream for each problem: its plan does not depend on the other problems.
   * @throws `shape-mismatch` for a history of other frames than the config's, `invalid-argument` for a goal that
   *   cannot be reached or a missing stream, `aborted`.
   */
  async plan(problems: readonly PlanProblem[], random: readonly RandomStream[], signal?: AbortSignal): Promise<Plan[]> {
    if (random.length !== problems.length) {
      throw new DiffusionForcingError(
        "invalid-argument",
        `MazePlanner: ${problems.length} problems came with ${random.length} random streams; expected one for each.`,
      );
    }
    for (const problem of problems) checkProblem(this.config, problem);
    const { accept = () => true, arrival = goalRadius / 2, lengths = this.config.lengths } = this.#options;
    const rule = { accept, arrival, smoothness: this.#options.smoothness ?? smoothnessOf[this.config.maze] };
    const best = new Array<JudgedPlan | undefined>(problems.length).fill(undefined);
    let open = problems.map((_, index) => index);
    for (const length of lengths) {
      if (open.length === 0) break;
      const plans = await this.#denoise(open, problems, random, length, signal);
      open = open.filter((problem, i) => {
        const judged = judgePlan(plans[i] as Plan, rule);
        if (judged.plan.accepted || isBetterPlan(judged, best[problem])) best[problem] = judged;
        return !judged.plan.accepted;
      });
    }
    return best.map((found) => (found as JudgedPlan).plan);
  }

  /** The sequence of one problem at every step of its denoising, for pictures: frames `[F, features]`, raw units. */
  async *watch(
    problem: PlanProblem,
    random: RandomStream,
    length: number,
    signal?: AbortSignal,
  ): AsyncGenerator<Float32Array> {
    checkProblem(this.config, problem);
    const tokens = this.#tokens([problem], [random], length);
    yield this.#frames(tokens, 0, length);
    for await (const { read } of this.#sampler.denoiseStream(
      this.#request([problem], tokens, [random], length, signal),
    )) {
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
      const denoised = await this.#sampler.denoise(request);
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
      if (this.#reach.kind === "token") {
        const goal = this.#goalFrame(problem);
        for (let frame = 0; frame < frameStack; frame++) sequence.set(goal, (length - 1) * size + frame * this.#width);
      }
    });
    return tensor(data, [problems.length, length, size]);
  }

  #startToken({ history }: PlanProblem): Float32Array {
    const { frameStack } = this.config;
    const frames = history.slice(-frameStack);
    const token = new Float32Array(frameStack * this.#width);
    for (let frame = 0; frame < frameStack; frame++) {
      const source = Math.max(0, frame - (frameStack - frames.length));
      token.set(frames[source] as ArrayLike<number>, frame * this.#width);
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
    const clean = this.#reach.kind === "token" ? [0, length - 1] : [0];
    const free = length - clean.length;
    const matrix = schedulingMatrix(this.#options.matrix ?? fullSequence(), this.#sampler.timesteps, free);
    const rows = matrix.rows.map((row) => {
      const whole = new Int32Array(length);
      whole.set(row, 1);
      return whole;
    });
    const guidanceInputs =
      this.#reach.kind === "gradient"
        ? {
            start: this.#stack(problems.map((problem) => this.#startToken(problem).slice(-this.#width))),
            goal: this.#stack(problems.map((problem) => this.#goalFrame(problem))),
          }
        : {};
    return {
      tokens,
      rows,
      seed: random.map((stream) => stream.split("steps")),
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
    const end = this.#reach.kind === "token" ? all.length - (frameStack - 1) * width : all.length;
    const frames = all.slice((frameStack - 1) * width, end);
    frames.set(problem.history.at(-1) as ArrayLike<number>, 0);
    return planOfFrames(frames, width, length, problem.goal);
  }
}

/** One stream for each of `count` problems, all from one seed. */
export function planStreams(seed: number, count: number): RandomStream[] {
  const root = createRandom(seed).split("plans");
  return Array.from({ length: count }, (_, i) => root.split(i));
}
