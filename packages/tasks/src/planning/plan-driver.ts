import type { RandomStream } from "@diffusion-forcing/core";
import { check, schemas } from "@diffusion-forcing/core/backend";
import * as v from "valibot";
import { optionSchemas } from "../option-schemas.js";
import type { Environment } from "./environment.js";
import { distance, type Plan } from "./plan.js";
import type { Planner } from "./planner.js";
import type { PlanProblem } from "./planner-options.js";

export interface PlanDriverOptions {
  readonly planner: Pick<Planner, "frameStack" | "plan">;
  readonly environment: Environment;
  /** While the plan followed is not an accepted one, look for a better one after so many steps. Default 50. */
  readonly replanEvery?: number;
  /**
   * A plan waits for a position that is farther than this from where the plan has it. Beyond twice as far it is planned
   * anew. Default 0.35. With 0 every step is planned anew, and every new plan is followed.
   */
  readonly tolerance?: number;
  /** How many steps a plan waits before it has come to nothing. Default 20. */
  readonly patience?: number;
  /** One plan an episode, followed whatever happens: it waits as long, and then goes on. Default false. */
  readonly once?: boolean;
  /** Told of every plan that is followed from now on. */
  readonly onPlan?: (episode: number, step: number, plan: Plan) => void;
  readonly signal?: AbortSignal;
}

/** How it drives, by option. */
export const drivingSchemas: Readonly<
  Record<Exclude<keyof PlanDriverOptions, "planner" | "environment">, v.GenericSchema>
> = {
  replanEvery: schemas.integer(1),
  tolerance: schemas.number(0),
  patience: schemas.integer(0),
  once: v.boolean("true or false"),
  onPlan: schemas.function<NonNullable<PlanDriverOptions["onPlan"]>>(),
  signal: optionSchemas.signal,
};

const optionsSchema = v.strictObject({
  planner: schemas.having<PlanDriverOptions["planner"]>("a planner", "frameStack", "plan"),
  environment: schemas.having<Environment>("an environment", "observationSize", "actionSize", "frameSize", "follow"),
  ...v.partial(v.object(drivingSchemas)).entries,
});

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

/** A plan that has come to nothing is followed by one that takes at least so many times what it had left. */
const longer = 1.2;

/** What the driver keeps of one episode. */
interface Driver {
  readonly episode: DrivenEpisode;
  /** The last frames, newest last, `[frameStack, frame features]`; as in training data, a frame's action is its own. */
  readonly history: Float32Array;
  readonly lastAction: Float64Array;
  frames: number;
  plan: Plan | undefined;
  /** The frame of the plan that stands for the present. */
  at: number;
  /** Steps for which the plan has waited. */
  waited: number;
  /** The step at which a plan was last asked for. */
  askedAt: number;
  holding: boolean;
  /** Where plans were to go on when something held the position back. */
  readonly refuted: ArrayLike<number>[];
  /** The step before which nobody can be at the goal, as far as is known. */
  earliest: number;
}

/**
 * Plans, follows the plan by the environment's own rule, and holds the goal once it is reached. An accepted plan is followed
 * to its end, for as long as the position keeps near it: each further plan is a further chance that the model takes a short
 * cut that is none. All episodes that need a plan at a step are planned together.
 *
 * A model can be wrong, the same way every time it is asked. So once a plan of an episode has come to nothing, the position
 * held back, later plans must keep away from where it was to go on, and take longer than it was to take: what was met
 * counts, not only what was learned.
 *
 * @throws `invalid-argument`
 */
export function planDriver(options: PlanDriverOptions): PlanDriver {
  check("planDriver", optionsSchema, options);
  const { planner, environment, replanEvery = 50, tolerance = 0.35, patience = 20, once = false } = options;
  const { onPlan, signal } = options;
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
        at: 0,
        waited: 0,
        askedAt: 0,
        holding: false,
        refuted: [],
        earliest: 0,
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
        if (!driver.holding) goOn(driver);
      });
      const open = drivers.filter((driver) => needsPlan(driver, step));
      for (const driver of open) noteRefuted(driver, step);
      if (open.length > 0) await planFor(open, step);
      drivers.forEach((driver, i) => {
        const observation = observed[i] as Float64Array;
        const action = actions.subarray(actionSize * i, actionSize * (i + 1));
        const { plan, at, holding, episode } = driver;
        if (holding || plan === undefined) environment.hold(episode.goal, observation, action);
        else environment.follow(plan, at, observation, action);
        driver.lastAction.set(action);
        environment.frame(observation, action, newest(driver));
      });
    },
  };

  function newest({ history }: Driver): Float32Array {
    return history.subarray((frameStack - 1) * frameSize);
  }

  /** Distance of the position from where the plan has it. */
  function away(driver: Driver): number {
    const { plan, at, episode } = driver;
    if (plan === undefined) return Number.POSITIVE_INFINITY;
    const size = episode.goal.length;
    return distance(newest(driver), 0, plan.positions, size * Math.min(at, lastFrame(driver)), size);
  }

  /** Goes on to the plan's next frame, unless the position has fallen behind; a plan rests at its end. */
  function goOn(driver: Driver): void {
    if (driver.plan === undefined) return;
    const isNear = away(driver) <= tolerance;
    driver.at += Number(isNear || (once && driver.waited >= patience));
    driver.waited = isNear && driver.at <= lastFrame(driver) ? 0 : driver.waited + 1;
  }

  function needsPlan(driver: Driver, step: number): boolean {
    if (driver.holding || (once && driver.plan !== undefined)) return false;
    if (away(driver) > 2 * tolerance || driver.waited >= patience) return true;
    return step - driver.askedAt >= replanEvery && !driver.plan?.accepted;
  }

  /** Notes where the plan was to go on, if it has waited in vain: something that the model does not know of is in the way. */
  function noteRefuted(driver: Driver, step: number): void {
    const { plan, episode } = driver;
    if (plan === undefined || driver.waited < patience || away(driver) <= tolerance) return;
    const size = episode.goal.length;
    const at = size * Math.min(driver.at, lastFrame(driver));
    driver.refuted.push(plan.positions.slice(at, at + size));
    driver.earliest = step + longer * framesLeft(driver);
  }

  /** A condition on plans: to keep away from where others have come to nothing. */
  function keepsAway({ refuted }: Driver): PlanProblem["accept"] {
    const [first] = refuted;
    if (first === undefined) return undefined;
    const size = first.length;
    return (positions) => {
      for (let at = 0; at < positions.length; at += size) {
        if (refuted.some((point) => distance(point, 0, positions, at, size) <= tolerance)) return false;
      }
      return true;
    };
  }

  function isOnPlan(driver: Driver): boolean {
    return driver.waited < patience && away(driver) <= 2 * tolerance;
  }

  async function planFor(open: readonly Driver[], step: number): Promise<void> {
    const problems = open.map((driver): PlanProblem => {
      const { history, frames, episode, earliest } = driver;
      const accept = keepsAway(driver);
      const past = Array.from({ length: frames }, (_, i) => {
        const at = (frameStack - frames + i) * frameSize;
        return history.slice(at, at + frameSize);
      });
      const fewest = earliest > step ? Math.ceil((earliest - step) / frameStack) + 1 : 0;
      return {
        history: past,
        goal: episode.goal,
        ...(fewest > 0 ? { tokens: [fewest, Number.POSITIVE_INFINITY] as const } : {}),
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
      if (isOnPlan(driver) && !isBetter(plan, driver)) continue;
      driver.plan = plan;
      driver.at = 0;
      driver.waited = 0;
      onPlan?.(drivers.indexOf(driver), step, plan);
    }
  }
}

/** Whether a new plan beats what is left of one that was not accepted: it is accepted, or it arrives earlier. */
function isBetter(candidate: Plan, driver: Driver): boolean {
  const left = framesLeft(driver);
  return candidate.accepted || left <= 1 || candidate.positions.length / driver.episode.goal.length < left;
}

function lastFrame({ plan, episode }: Driver): number {
  return (plan as Plan).positions.length / episode.goal.length - 1;
}

/** Frames of the plan that are still to come, the present one among them; at its end 1. */
function framesLeft(driver: Driver): number {
  return Math.max(1, lastFrame(driver) + 1 - driver.at);
}
