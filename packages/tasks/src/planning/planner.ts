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
import { type DenoiseRequest, Sampler } from "@diffusion-forcing/core/sampling";
import { displacements, timesAsked, usualDisplacement } from "./consistency.js";
import { normalizeFrames } from "./frames.js";
import { isBetterPlan, type JudgedPlan, judgePlan, type Plan, type PlanRule, planOfFrames, scoreOf } from "./plan.js";
import { checkPlannerOptions, checkProblem, type PlannerOptions, type PlanProblem } from "./planner-options.js";
import { type SearchOptions, searchSequences } from "./search.js";
import { costOfSurprise, surprises } from "./surprise.js";

const anything = Number.POSITIVE_INFINITY;

/** One try at a problem, with its own noise. */
interface Attempt {
  readonly problem: PlanProblem;
  readonly random: RandomStream;
}

/**
 * Plans by denoising: a start token that holds the last frames, clean; tokens of noise; a goal token, clean. It knows
 * what its model has learned of the world, and nothing else.
 */
export class Planner {
  readonly #options: PlannerOptions;
  readonly #width: number;
  readonly #sampler: Sampler;
  /** What plans are judged by: the model itself, without guidance. */
  readonly #judge: Sampler;
  readonly #rule: PlanRule;
  #usual: Promise<number> | undefined;
  #evaluations = 0;

  /** @throws `invalid-argument` for illegal options, `shape-mismatch` or `checkpoint-mismatch` for another model. */
  constructor(options: PlannerOptions) {
    checkPlannerOptions(options);
    const { backend, diffusion, parameters, guidance } = options;
    const { levels } = diffusion.process;
    this.#options = options;
    this.#width = options.normalizer.mean.length;
    const { accept = () => true, arrival = anything, smoothness = anything, inconsistency = 1 } = options;
    this.#rule = { accept, arrival, smoothness, inconsistency };
    const common = {
      backend,
      parameters,
      timesteps: options.steps ?? Math.min(20, levels),
      // A search's children differ by their noise.
      solver: ddim({ eta: options.eta ?? (options.search ? 1 : 0) }),
      ...(options.stabilizationLevel === undefined ? {} : { stabilizationLevel: options.stabilizationLevel }),
    };
    this.#sampler = new Sampler(diffusion, { ...common, ...(guidance ? { guidance } : {}) });
    this.#judge = guidance ? new Sampler(diffusion, common) : this.#sampler;
  }

  /** Frames in a token. */
  get frameStack(): number {
    return this.#options.frameStack;
  }

  /**
   * Model evaluations so far, of one sequence each, pieces of sequences by their share; those that compare with the data
   * are not counted.
   */
  get evaluations(): number {
    return Math.round(this.#evaluations);
  }

  /**
   * One plan for each problem. Lengths are tried in their order; a problem is done at its first length with a plan that
   * is smooth, ends at the goal, is consistent and is accepted by the options' `accept`. If there is none, it gets the
   * best, marked as not accepted: of plans that `accept` takes, before others, the one that arrives and is nearest to
   * the rule, or the one that comes nearest to the goal.
   *
   * @param random draws all noise, one stream for each problem: its plan does not depend on the other problems.
   * @throws `shape-mismatch` for a history of other frames, `invalid-argument` for an illegal goal or a missing stream,
   *   `aborted`.
   */
  async plan(problems: readonly PlanProblem[], random: readonly RandomStream[], signal?: AbortSignal): Promise<Plan[]> {
    if (random.length !== problems.length) {
      throw new DiffusionForcingError(
        "invalid-argument",
        `Planner: ${problems.length} problems came with ${random.length} random streams; expected one for each.`,
      );
    }
    for (const problem of problems) checkProblem(this.#width, problem);
    const { lengths, candidates = 1, search } = this.#options;
    if (search) return this.#searched(problems, random, search, signal);
    const best = new Array<JudgedPlan | undefined>(problems.length).fill(undefined);
    let open = problems.map((_, index) => index);
    const triedAt = problems.map(({ tokens }) => lengthsWithin(lengths, tokens));
    for (const length of lengths) {
      const tried = open.filter((index) => triedAt[index]?.includes(length));
      if (tried.length === 0) continue;
      const attempts = tried.flatMap((index) =>
        Array.from({ length: candidates }, (_, i): Attempt => {
          const stream = random[index] as RandomStream;
          return { problem: problems[index] as PlanProblem, random: i === 0 ? stream : stream.split(`try ${i}`) };
        }),
      );
      const plans = await this.#denoise(attempts, length, signal);
      for (const [i, plan] of plans.entries()) {
        const index = tried[Math.floor(i / candidates)] as number;
        const judged = judgePlan(plan, this.#ruleOf(problems[index] as PlanProblem));
        if (isBetterPlan(judged, best[index])) best[index] = judged;
      }
      open = open.filter((index) => !best[index]?.plan.accepted);
    }
    return best.map((found) => (found as JudgedPlan).plan);
  }

  /**
   * The sequence of one problem at every step of its denoising, for pictures: frames `[F, features]`, raw units. With the
   * stream that a plan has as `random`, it ends as that plan.
   */
  async *watch(
    problem: PlanProblem,
    random: RandomStream,
    length: number,
    signal?: AbortSignal,
  ): AsyncGenerator<Float32Array> {
    checkProblem(this.#width, problem);
    const attempt = { problem, random };
    const tokens = this.#tokens([attempt], length);
    yield this.#frames(tokens, 0, length);
    for await (const { read } of this.#sampler.denoiseStream(this.#request([attempt], tokens, length, signal))) {
      yield this.#frames(await read(), 0, length);
    }
  }

  async dispose(): Promise<void> {
    await this.#sampler.dispose();
    if (this.#judge !== this.#sampler) await this.#judge.dispose();
  }

  #ruleOf({ accept }: PlanProblem): PlanRule {
    const rule = this.#rule;
    return accept ? { ...rule, accept: (positions) => rule.accept(positions) && accept(positions) } : rule;
  }

  async #denoise(attempts: readonly Attempt[], length: number, signal: AbortSignal | undefined): Promise<Plan[]> {
    const { batch = 1, candidates = 1 } = this.#options;
    const plans: Plan[] = [];
    for (let first = 0; first < attempts.length; first += batch * candidates) {
      throwIfAborted(signal);
      const chunk = attempts.slice(first, first + batch * candidates);
      const size = candidates * sizeOfBatch(chunk.length / candidates, batch);
      const filled = Array.from({ length: size }, (_, i) => chunk[i] ?? (chunk[0] as Attempt));
      const tokens = this.#tokens(filled, length);
      this.#evaluations += chunk.length * this.#sampler.timesteps * this.#sampler.evaluationsPerStep;
      const denoised = await this.#denoised(this.#request(filled, tokens, length, signal), chunk.length);
      const moved = await this.#inconsistencies(denoised, filled, signal);
      for (const [i, attempt] of chunk.entries()) {
        plans.push(this.#asPlan(denoised, i, attempt, length, { inconsistency: moved[i] as number }));
      }
    }
    return plans;
  }

  /**
   * As the sampler's `denoise`, but it tells of every step, and sequences may diverge: such a plan loses.
   *
   * @param sequences those that are not there to fill a batch.
   */
  async #denoised(request: DenoiseRequest, sequences: number): Promise<HostTensor> {
    const { onProgress } = this.#options;
    let result = request.tokens;
    const tokens = result.shape[1] as number;
    onProgress?.({ sequences, tokens, step: 0, steps: request.rows.length - 1 });
    for await (const { step, steps, read } of this.#sampler.denoiseStream(request)) {
      onProgress?.({ sequences, tokens, step, steps });
      if (step >= steps) result = await read();
    }
    return result;
  }

  /** The best plan that a search finds for each problem, over all its lengths. */
  async #searched(
    problems: readonly PlanProblem[],
    random: readonly RandomStream[],
    search: SearchOptions,
    signal: AbortSignal | undefined,
  ): Promise<Plan[]> {
    const { onProgress } = this.#options;
    const { timesteps } = this.#sampler;
    const searches = problems.map((problem, i) => {
      const attempt = { problem, random: random[i] as RandomStream };
      const rule = this.#ruleOf(problem);
      const lengths = lengthsWithin(this.#options.lengths, problem.tokens);
      const judged = async (found: HostTensor, length: number): Promise<Plan> => {
        throwIfAborted(signal);
        onProgress?.({ sequences: 1, tokens: length, step: timesteps, steps: timesteps });
        const [inconsistency = 0] = await this.#inconsistencies(found, [attempt], signal);
        const surprise = await this.#surprise(found, attempt, signal);
        return this.#asPlan(found, 0, attempt, length, { inconsistency, surprise });
      };
      const branches = lengths.map((length) => ({
        request: {
          ...this.#request([attempt], this.#tokens([attempt], length), length, signal),
          seed: attempt.random.split(`search ${length}`),
        },
        score: async (found: HostTensor) => scoreOf(await judged(found, length), rule),
      }));
      return { branches, lengths, rule, judged };
    });
    const found = await searchSequences(
      this.#sampler,
      searches.map(({ branches }) => branches),
      search,
    );
    const plans: Plan[] = [];
    for (const [i, { lengths, rule, judged }] of searches.entries()) {
      const { branch, sequence, evaluations } = found[i] as (typeof found)[number];
      this.#evaluations += evaluations;
      plans.push(judgePlan(await judged(sequence, lengths[branch] as number), rule).plan);
    }
    return plans;
  }

  /** How far the model moves each sequence, against the median window of the data; 0 without data. */
  async #inconsistencies(
    sequences: HostTensor,
    attempts: readonly Attempt[],
    signal: AbortSignal | undefined,
  ): Promise<number[]> {
    const { data = [] } = this.#options;
    if (data.length === 0) return attempts.map(() => 0);
    this.#usual ??= usualDisplacement(this.#judge, this.#options, data);
    const usual = await this.#usual;
    const random = attempts.map((attempt) => attempt.random.split("consistency"));
    const moved = await displacements(this.#judge, sequences, random, signal);
    this.#evaluations += attempts.length * timesAsked(sequences.shape[1] as number);
    return moved.map((value) => value / usual);
  }

  /** How far the model's forecasts of a sequence's pieces are from it; 0 without data, as nobody asks then. */
  async #surprise(sequence: HostTensor, { random }: Attempt, signal: AbortSignal | undefined): Promise<number> {
    if (!this.#options.data?.length) return 0;
    const [found = 0] = await surprises(this.#judge, sequence, [random.split("surprise")], signal);
    this.#evaluations += costOfSurprise(sequence.shape[1] as number);
    return found;
  }

  /** Start tokens, then noise, then goal tokens if the goal is one: [B, T, C]. */
  #tokens(attempts: readonly Attempt[], length: number): HostTensor {
    const { frameStack, diffusion, guidance } = this.#options;
    const { noiseClip, priorScale } = diffusion.process;
    const size = frameStack * this.#width;
    const data = new Float32Array(attempts.length * length * size);
    attempts.forEach(({ problem, random }, i) => {
      const sequence = data.subarray(i * length * size, (i + 1) * length * size);
      random.split(`plan ${length}`).fillNormal(sequence, { clip: noiseClip });
      if (priorScale !== 1)
        for (let at = 0; at < sequence.length; at++) sequence[at] = (sequence[at] as number) * priorScale;
      sequence.set(this.#startToken(problem));
      if (guidance === undefined) {
        const goal = this.#goalFrame(problem);
        for (let frame = 0; frame < frameStack; frame++) sequence.set(goal, (length - 1) * size + frame * this.#width);
      }
    });
    return tensor(data, [attempts.length, length, size]);
  }

  #startToken({ history }: PlanProblem): Float32Array {
    const { frameStack, normalizer } = this.#options;
    const frames = history.slice(-frameStack);
    const token = new Float32Array(frameStack * this.#width);
    for (let frame = 0; frame < frameStack; frame++) {
      const source = Math.max(0, frame - (frameStack - frames.length));
      token.set(frames[source] as ArrayLike<number>, frame * this.#width);
    }
    normalizeFrames(token, normalizer);
    return token;
  }

  /** The goal at rest, normalised. */
  #goalFrame({ goal }: PlanProblem): Float32Array {
    const frame = new Float32Array(this.#width);
    frame.set(goal);
    normalizeFrames(frame, this.#options.normalizer);
    return frame;
  }

  #request(attempts: readonly Attempt[], tokens: HostTensor, length: number, signal: AbortSignal | undefined) {
    const { guidance, matrix: shape = fullSequence() } = this.#options;
    const known = guidance === undefined ? 2 : 1;
    const matrix = schedulingMatrix(shape, this.#sampler.timesteps, length - known);
    const rows = matrix.rows.map((row) => {
      const whole = new Int32Array(length);
      whole.set(row, 1);
      return whole;
    });
    const guidanceInputs = {
      start: this.#stack(attempts.map(({ problem }) => this.#startToken(problem).slice(-this.#width))),
      goal: this.#stack(attempts.map(({ problem }) => this.#goalFrame(problem))),
    };
    return {
      tokens,
      rows,
      seed: attempts.map(({ random }) => random.split("steps")),
      ...(guidance === undefined ? {} : { guidanceInputs }),
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
    const { frameStack, normalizer } = this.#options;
    const size = length * frameStack * this.#width;
    const frames = (tokens.data as Float32Array).slice(i * size, (i + 1) * size);
    normalizeFrames(frames, normalizer, true);
    return frames;
  }

  #asPlan(
    tokens: HostTensor,
    i: number,
    { problem, random }: Attempt,
    length: number,
    judged: Partial<Pick<Plan, "inconsistency" | "surprise">>,
  ): Plan {
    const width = this.#width;
    const { frameStack, guidance, search } = this.#options;
    const all = this.#frames(tokens, i, length);
    // From the start token only its last frame is the present; of a goal token one frame is enough.
    const end = guidance === undefined ? all.length - (frameStack - 1) * width : all.length;
    const frames = all.slice((frameStack - 1) * width, end);
    frames.set(problem.history.at(-1) as ArrayLike<number>, 0);
    return planOfFrames(frames, width, length, problem.goal, { ...judged, ...(search ? {} : { random }) });
  }
}

/** The lengths from the fewest to the most tokens; if there are none, the one that comes nearest. */
function lengthsWithin(lengths: readonly number[], tokens: PlanProblem["tokens"]): readonly number[] {
  if (tokens === undefined) return lengths;
  const [fewest, most] = tokens;
  const within = lengths.filter((length) => length >= fewest && length <= most);
  if (within.length > 0) return within;
  const off = (length: number): number => Math.max(fewest - length, length - most);
  return [lengths.reduce((best, length) => (off(length) < off(best) ? length : best))];
}

/** Powers of four up to the largest, so that few shapes are compiled for each length. */
function sizeOfBatch(count: number, largest: number): number {
  return Math.min(largest, 4 ** Math.ceil(Math.log2(count) / 2));
}

/** One stream for each of `count` problems, all from one seed. */
export function planStreams(seed: number, count: number): RandomStream[] {
  const root = createRandom(seed).split("plans");
  return Array.from({ length: count }, (_, i) => root.split(i));
}
