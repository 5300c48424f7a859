import type { RandomStream } from "@diffusion-forcing/core";
import type { Position } from "./environment.js";
import type { Maze } from "./mazes.js";

/** What a policy is told about an episode when it starts. */
export interface MazeEpisode {
  readonly maze: Maze;
  /** `[4]`: the first observation, the episode's own copy. */
  readonly observation: Float64Array;
  readonly goal: Position;
  /** The policy's own random numbers for this episode, apart from those that drew its start. */
  readonly random: RandomStream;
}

/**
 * Acts in many episodes of one maze at once, in lockstep: they start together, and all last the maze's episode
 * length. So a planner can plan for all of them as one batch.
 */
export interface MazePolicy {
  readonly name: string;
  /** Forgets all earlier episodes and prepares for E new ones. */
  start(episodes: readonly MazeEpisode[]): void | Promise<void>;
  /**
   * Writes the actions of one step.
   *
   * @param step counts from 0.
   * @param observations `[E, 4]`: x, y, velocity x, velocity y; read only.
   * @param actions `[E, 2]`: to be overwritten; the environment clips them to [-1, 1].
   */
  act(step: number, observations: Float64Array, actions: Float64Array): void | Promise<void>;
  /** `[N, 2]`: every position of every plan followed since `start`, to be checked against the walls. */
  planPoints?(): ArrayLike<number>;
}

/** Acts in one episode: writes the action `[2]` for the observation `[4]` at a step counted from 0. */
export type EpisodeActor = (step: number, observation: Float64Array, action: Float64Array) => void;

/** A policy that treats each episode by itself, with what `startEpisode` returns for it. */
export function policyPerEpisode(name: string, startEpisode: (episode: MazeEpisode) => EpisodeActor): MazePolicy {
  let actors: EpisodeActor[] = [];
  return {
    name,
    start(episodes) {
      actors = episodes.map(startEpisode);
    },
    act(step, observations, actions) {
      for (const [index, actor] of actors.entries()) {
        actor(step, observations.subarray(index * 4, index * 4 + 4), actions.subarray(index * 2, index * 2 + 2));
      }
    },
  };
}
