import type { RandomStream } from "@diffusion-forcing/core";
import type { Plan } from "./plan.js";

/**
 * A world that a planner acts in: how it moves, what of it a planner's frames hold, and how a plan is followed. States
 * are its observations, arrays of numbers that its methods change in place, so many episodes can share one environment.
 */
export interface Environment {
  /** Numbers of an observation, of an action and of a frame. */
  readonly observationSize: number;
  readonly actionSize: number;
  readonly frameSize: number;
  /** Writes the first observation of an episode, and returns its goal: the leading features of a frame. */
  reset(random: RandomStream, observation: Float64Array): ArrayLike<number>;
  /** Takes an action for one step: overwrites the observation by the next one. */
  step(observation: Float64Array, action: ArrayLike<number>): void;
  /** Writes the frame of an observation. `action` is the one taken there; while it is not chosen yet, the last one. */
  frame(observation: ArrayLike<number>, action: ArrayLike<number>, frame: Float32Array): void;
  /** Whether an episode that has been here may rest at its goal from now on; never, for a world that needs plans to rest. */
  isReached(observation: ArrayLike<number>, goal: ArrayLike<number>): boolean;
  /** Writes the action that follows a plan, whose frame number `at` stands for the present. */
  follow(plan: Plan, at: number, observation: ArrayLike<number>, action: Float64Array): void;
  /** Writes the action that stays at the goal. */
  hold(goal: ArrayLike<number>, observation: ArrayLike<number>, action: Float64Array): void;
}
