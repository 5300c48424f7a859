import type { RandomStream } from "@diffusion-forcing/core";
import type { Environment } from "./environment.js";
import { distance, type Plan } from "./plan.js";
import type { Planner } from "./planner.js";
import type { PlanProblem } from "./planner-options.js";

export interface PlanDriverOptions {
  readonly planner: Pick<Planner, "frameStack" | "plan">;
  readonly environment: Environment;
  /** Look for a better plan after this many steps. Default 50. */
  readonly replanEvery?: number;
  /**
   * A new plan as soon as the position is farther than this from where the plan has it. Default 0.5. With 0 every step is
   * planned anew, and every new plan is followed.
   */
  readonly tolerance?: number;
  /** Told of every plan that is followed from now on. */
  readonly onPlan?: (episode: number, step: number, plan: Plan) => void;
  readonly signal?: AbortSignal;
}

/** An episode to be driven. */
export interface DrivenEpisode {
  /** Where to go: the leading features of a frame. */
  readonly goal: ArrayLike<number>;
  readonly random: RandomStream;
}

/** Drives many episodes of one environment at once, in lockstep. */
export interface PlanDriver {
  /** Forgets all earlier episodes. */
  start(episodes: readonly DrivenEpisode[]): void;
  /**
   * Writes the actions of one step, which counts from 0.
   *
   * @param observations `[E, observation size]`; read only.
   * @param actions `[E, action size]`; overwritten.
   */
  act(step: number, observations: Float64Array, actions: Float64Array): Promise<void>;
}

/**
 * On a plan that holds, shorter ones are looked for, but none shorter than this share of what is left: it would be too good
 * to be true, and a planner that is asked often enough finds it one day.
 */
const shortest = 0.6;

/** What the driver keeps of one episode. */
interface Driver {
  readonly episode: DrivenEpisode;
  /** The last frames, newest last, `[frameStack, frame features]`; as in training data, a frame's action is its own. */
  readonly history: Float32Array;
  readonly lastAction: Float64Array;
  frames: number;
  plan: Plan | undefined;
  /** The step at which the plan was made. */
  plannedAt: number;
  /** The step at which a plan was last asked for. */
  askedAt: number;
  holding: boolean;
  /** Where plans were to go on when something held the position back. */
  readonly refuted: ArrayLike<number>[];
}

/**
 * Plans, follows the plan by the environment's own rule, plans again every so many steps or when off the plan, and holds
 * the goal once it is reached. While it is on a plan, a new one is followed only if it arrives earlier. All episodes that
 * need a plan at a step are planned together.
 *
 * A model can be wrong, the same way every time it is asked. So once a plan of an episode has come to nothing, the position
 * held back, later plans must keep away from where it was to go on, and a plan that holds is followed to its end: what was
 * met counts, not only what was learned.
 */
export function planDriver(options: PlanDriverOptions): PlanDriver {
  const { planner, environment, replanEvery = 50, tolerance = 0.5, onPlan, signal } = options;
  const { frameSize, observationSize, actionSize } = environment;
  const { frameStack } = planner;
  let drivers: Driver[] = [];

  return {
    start(episodes) {
      drivers = episodes.map((episode) => ({
        episode,
        history: new Float32Array(frameStack * frameSize),
        lastAction: new Float64Array(actionSize),
        frames: 0,
        plan: undefined,
        plannedAt: 0,
        askedAt: 0,
        holding: false,
        refuted: [],
      }));
    },
    async act(step, observations, actions) {
      const observed = drivers.map((_, i) => observations.subarray(observationSize * i, observationSize * (i + 1)));
      drivers.forEach((driver, i) => {
        const observation = observed[i] as Float64Array;
        driver.history.copyWithin(0, frameSize);
        driver.frames = Math.min(driver.frames + 1, frameStack);
        environment.frame(observation, driver.lastAction, newest(driver));
        driver.holding ||= environment.isReached(observation, driver.episode.goal);
      });
      const open = drivers.filter((driver) => needsPlan(driver, step));
      for (const driver of open) noteRefuted(driver, step);
      if (open.length > 0) await planFor(open, step);
      drivers.forEach((driver, i) => {
        const observation = observed[i] as Float64Array;
        const action = actions.subarray(actionSize * i, actionSize * (i + 1));
        const { plan, plannedAt, holding, episode } = driver;
        if (holding || plan === undefined) environment.hold(episode.goal, observation, action);
        else environment.follow(plan, step - plannedAt, observation, action);
        driver.lastAction.set(action);
        environment.frame(observation, action, newest(driver));
      });
    },
  };

  function newest({ history }: Driver): Float32Array {
    return history.subarray((frameStack - 1) * frameSize);
  }

  function needsPlan(driver: Driver, step: number): boolean {
    if (driver.holding) return false;
    return step - driver.askedAt >= replanEvery || !isOnPlan(driver, step);
  }

  function isOnPlan(driver: Driver, step: number): boolean {
    const { plan, plannedAt, episode } = driver;
    if (plan === undefined) return false;
    const size = episode.goal.length;
    const at = Math.min(step - plannedAt, plan.positions.length / size - 1);
    return distance(newest(driver), 0, plan.positions, at * size, size) <= tolerance;
  }

  /**
   * Notes where the plan was to go on, if the position has moved by less than a third of what the plan covered in the
   * last frames: something that the model does not know of is in the way.
   */
  function noteRefuted(driver: Driver, step: number): void {
    const { plan, plannedAt, episode, history, frames } = driver;
    const at = step - plannedAt;
    const span = frames - 1;
    if (plan === undefined || span === 0 || at < span || isOnPlan(driver, step)) return;
    const size = episode.goal.length;
    const { positions } = plan;
    const last = positions.length / size - 1;
    const frameAt = (frame: number): number => size * Math.min(frame, last);
    const planned = distance(positions, frameAt(at), positions, frameAt(at - span), size);
    const moved = distance(history, (frameStack - 1) * frameSize, history, (frameStack - frames) * frameSize, size);
    if (moved >= planned / 3) return;
    const ahead = firstPointAhead(newest(driver), positions, size, frameAt(at) / size);
    driver.refuted.push(positions.slice(ahead * size, (ahead + 1) * size));
  }

  /** The first of a plan's points up to `end` that is out of reach, after the one that is nearest. */
  function firstPointAhead(position: Float32Array, positions: Float32Array, size: number, end: number): number {
    const away = (frame: number): number => distance(position, 0, positions, frame * size, size);
    let nearest = 0;
    for (let frame = 1; frame <= end; frame++) if (away(frame) < away(nearest)) nearest = frame;
    let ahead = nearest;
    while (ahead < end && away(ahead) < 0.6 * tolerance) ahead++;
    return ahead;
  }

  /** A condition on plans: to keep away from where others have come to nothing. */
  function keepsAway({ refuted }: Driver): PlanProblem["accept"] {
    const [first] = refuted;
    if (first === undefined) return undefined;
    const size = first.length;
    return (positions) => {
      for (let at = 0; at < positions.length; at += size) {
        if (refuted.some((point) => distance(point, 0, positions, at, size) <= tolerance / 2)) return false;
      }
      return true;
    };
  }

  async function planFor(open: readonly Driver[], step: number): Promise<void> {
    const problems = open.map((driver): PlanProblem => {
      const { history, frames, episode } = driver;
      const accept = keepsAway(driver);
      const past = Array.from({ length: frames }, (_, i) => {
        const at = (frameStack - frames + i) * frameSize;
        return history.slice(at, at + frameSize);
      });
      const left = isOnPlan(driver, step) && driver.plan?.accepted ? framesLeft(driver, step) : undefined;
      const most = left === undefined ? undefined : Math.ceil(left / frameStack) + 1;
      return {
        history: past,
        goal: episode.goal,
        ...(most === undefined ? {} : { tokens: [Math.ceil(shortest * most), most] as const }),
        ...(accept ? { accept } : {}),
      };
    });
    const plans = await planner.plan(
      problems,
      open.map(({ episode }) => episode.random.split(step)),
      signal,
    );
    for (const [i, driver] of open.entries()) {
      const plan = plans[i] as Plan;
      driver.askedAt = step;
      if (isOnPlan(driver, step) && !isBetter(plan, driver, step)) continue;
      driver.plan = plan;
      driver.plannedAt = step;
      onPlan?.(drivers.indexOf(driver), step, plan);
    }
  }
}

/** Whether a new plan beats what is left of the one followed: it is sound where that is not, or it arrives earlier. */
function isBetter(candidate: Plan, { plan, plannedAt, episode, refuted }: Driver, step: number): boolean {
  const current = plan as Plan;
  if (candidate.accepted !== current.accepted) return candidate.accepted;
  if (current.accepted && refuted.length > 0) return false;
  const left = framesLeft({ plan, plannedAt, episode }, step) as number;
  return left <= 1 || candidate.positions.length / episode.goal.length < left;
}

/** Frames of the plan that are still to come, the present one among them. */
function framesLeft(
  { plan, plannedAt, episode }: Pick<Driver, "plan" | "plannedAt" | "episode">,
  step: number,
): number | undefined {
  return plan && plan.positions.length / episode.goal.length - (step - plannedAt);
}
