import type { RandomStream } from "@diffusion-forcing/core";
import { trackPlan } from "../baselines.js";
import { goalReward } from "../environment.js";
import { mazeTimeStep } from "../physics.js";
import type { MazeEpisode, MazePolicy } from "../policy.js";
import { type FrameField, featuresPerFrame } from "./frames.js";
import type { Plan } from "./plan.js";
import type { MazePlanner } from "./planner.js";

export interface PlannerPolicyOptions {
  /** Look for a better plan after this many steps. Default 50. */
  readonly replanEvery?: number;
  /** A new plan as soon as the particle is farther than this from where the plan has it. Default 0.5. */
  readonly tolerance?: number;
  /** Told of every plan that is followed from now on. */
  readonly onPlan?: (episode: number, step: number, plan: Plan) => void;
  readonly signal?: AbortSignal;
}

/** What the policy keeps of one episode. */
interface Driver {
  readonly episode: MazeEpisode;
  readonly random: RandomStream;
  /** The last frames, newest last, `[frameStack, frame features]`; as in a dataset, a frame's action is its own. */
  readonly history: Float32Array;
  frames: number;
  plan: Plan | undefined;
  /** The step at which the plan was made. */
  plannedAt: number;
  /** The step at which a plan was last asked for. */
  askedAt: number;
  holding: boolean;
}

/** Half the span, in frames, over which the plan's velocity is measured: smooths the noise of single frames. */
const velocitySpan = 3;

/**
 * Drives by a diffusion planner: plans, tracks the plan with the official gains (12.5, 1.2) and the plan's true
 * velocity, plans again every 50 steps or when off the plan, and holds the goal once it is reached. While it is on a
 * plan, a new one is followed only if it arrives earlier. It knows nothing of walls. All episodes that need a plan at
 * a step are planned together.
 */
export function plannerPolicy(
  planner: Pick<MazePlanner, "config" | "plan">,
  options: PlannerPolicyOptions = {},
): MazePolicy {
  const { replanEvery = 50, tolerance = 0.5, onPlan, signal } = options;
  const { fields, frameStack } = planner.config;
  const width = featuresPerFrame(fields);
  let drivers: Driver[] = [];
  let points: number[] = [];

  return {
    name: "diffusion forcing planner",
    start(episodes) {
      points = [];
      drivers = episodes.map((episode) => ({
        episode,
        random: episode.random.split("planner"),
        history: new Float32Array(frameStack * width),
        frames: 0,
        plan: undefined,
        plannedAt: 0,
        askedAt: 0,
        holding: false,
      }));
    },
    async act(step, observations, actions) {
      const observed = drivers.map((_, i) => observations.subarray(4 * i, 4 * i + 4));
      drivers.forEach((driver, i) => {
        const observation = observed[i] as Float64Array;
        remember(driver, observation);
        const [x, y] = observation as unknown as [number, number];
        driver.holding ||= goalReward(x, y, driver.episode.goal) === 1;
      });
      const open = drivers.flatMap((driver, i) => (needsPlan(driver, observed[i] as Float64Array, step) ? [i] : []));
      if (open.length > 0) await planFor(open, observed, step);
      drivers.forEach((driver, i) => {
        const action = actions.subarray(2 * i, 2 * i + 2);
        steer(driver, observed[i] as Float64Array, step, action);
        record(driver, "action", action[0] as number, action[1] as number);
      });
    },
    planPoints: () => points,
  };

  function remember(driver: Driver, observation: Float64Array): void {
    driver.history.copyWithin(0, width);
    driver.frames = Math.min(driver.frames + 1, frameStack);
    const [x = 0, y = 0, velocityX = 0, velocityY = 0] = observation;
    record(driver, "position", x, y);
    record(driver, "velocity", velocityX, velocityY);
    // This frame's action is not chosen yet; until then the last one, which the shift left here, stands in for it.
  }

  /** Writes a field of the newest frame, if frames have it. */
  function record({ history }: Driver, field: FrameField, x: number, y: number): void {
    if (fields.includes(field)) history.set([x, y], (frameStack - 1) * width + 2 * fields.indexOf(field));
  }

  function needsPlan(driver: Driver, observation: Float64Array, step: number): boolean {
    if (driver.holding) return false;
    return step - driver.askedAt >= replanEvery || !isOnPlan(driver, observation, step);
  }

  function isOnPlan({ plan, plannedAt }: Driver, observation: Float64Array, step: number): boolean {
    if (plan === undefined) return false;
    const [planX, planY] = pointAt(plan, step - plannedAt);
    const dx = (observation[0] as number) - planX;
    const dy = (observation[1] as number) - planY;
    return Math.sqrt(dx * dx + dy * dy) <= tolerance;
  }

  async function planFor(open: readonly number[], observed: readonly Float64Array[], step: number): Promise<void> {
    const chosen = open.map((i) => drivers[i] as Driver);
    const problems = chosen.map(({ history, frames, episode }) => ({
      history: Array.from({ length: frames }, (_, i) => {
        const at = (frameStack - frames + i) * width;
        return history.slice(at, at + width);
      }),
      goal: episode.goal,
    }));
    const plans = await planner.plan(
      problems,
      chosen.map(({ random }) => random.split(step)),
      signal,
    );
    chosen.forEach((driver, i) => {
      const plan = plans[i] as Plan;
      const episode = open[i] as number;
      driver.askedAt = step;
      if (isOnPlan(driver, observed[episode] as Float64Array, step) && !isBetter(plan, driver, step)) return;
      driver.plan = plan;
      driver.plannedAt = step;
      for (const value of plan.positions) points.push(value);
      onPlan?.(episode, step, plan);
    });
  }
}

/** Whether a new plan beats what is left of the one followed: it is sound where that is not, or it arrives earlier. */
function isBetter(candidate: Plan, { plan, plannedAt }: Driver, step: number): boolean {
  const current = plan as Plan;
  if (candidate.accepted !== current.accepted) return candidate.accepted;
  const left = current.positions.length / 2 - (step - plannedAt);
  return left <= 1 || candidate.positions.length / 2 < left;
}

/** Where the plan is `frame` >= 0 frames after it was made; beyond its end it rests there. */
function pointAt({ positions }: Plan, frame: number): [number, number] {
  const at = Math.min(frame, positions.length / 2 - 1);
  return [positions[2 * at] as number, positions[2 * at + 1] as number];
}

function steer(driver: Driver, observation: Float64Array, step: number, action: Float64Array): void {
  if (driver.holding || driver.plan === undefined) {
    const [x, y] = driver.episode.goal;
    trackPlan(x, y, 0, 0, observation, action);
    return;
  }
  const frame = step - driver.plannedAt + 1;
  const [x, y] = pointAt(driver.plan, frame);
  const earlier = Math.max(frame - velocitySpan, 0);
  const [laterX, laterY] = pointAt(driver.plan, frame + velocitySpan);
  const [earlierX, earlierY] = pointAt(driver.plan, earlier);
  const duration = (frame + velocitySpan - earlier) * mazeTimeStep;
  trackPlan(x, y, (laterX - earlierX) / duration, (laterY - earlierY) / duration, observation, action);
}
