import type { RandomStream } from "@diffusion-forcing/core";
import { check } from "@diffusion-forcing/core/backend";
import * as v from "valibot";
import { checkRandom, optionSchemas } from "../option-schemas.js";
import { distance } from "./geometry.js";
import { checkMaze, type Maze, type MazeCell } from "./mazes.js";
import { createMazePhysics, type MazePhysics } from "./physics.js";

/** A goal counts as reached within this distance; every step there earns reward 1. */
export const goalRadius = 0.5;
const startJitter = 0.1;
const startSpeed = 0.1;

export type Position = readonly [x: number, y: number];

/** Reward of D4RL's sparse Maze2D: 1 within 0.5 of the goal, otherwise 0. */
export function goalReward(x: number, y: number, goal: Position): 0 | 1 {
  return distance(x, y, goal[0], goal[1]) <= goalRadius ? 1 : 0;
}

export interface MazeEnvironmentOptions {
  /**
   * False (the default): the goal is the location of the maze's goal cell. True: every reset draws it, as
   * D4RL's `set_target` does, the location of a uniform free cell plus U(-0.1, 0.1) per axis.
   */
  readonly multiTask?: boolean;
  /** Every episode starts here, at rest. */
  readonly start?: Position;
  /** Every episode's goal, whatever `multiTask` says. */
  readonly goal?: Position;
}

const optionsSchema = v.strictObject({
  multiTask: v.optional(v.boolean("true or false")),
  start: v.optional(optionSchemas.position),
  goal: v.optional(optionSchemas.position),
});

/** One episode of Maze2D at a time. Episodes last `maze.episodeLength` steps; the caller counts them. */
export interface MazeEnvironment {
  readonly maze: Maze;
  /** `[4]`: x, y, velocity x, velocity y. The same array all the time, changed by `reset` and `step`. */
  readonly observation: Float64Array;
  readonly goal: Position;
  /** Starts an episode: a uniform free cell plus U(-0.1, 0.1) per axis, velocity N(0, 0.1). */
  reset(random: RandomStream): void;
  /** Applies an action (clipped to [-1, 1]) for one step and returns the reward of where it led. */
  step(actionX: number, actionY: number): 0 | 1;
}

/** Draws the location of a free cell plus U(-0.1, 0.1) per axis. @throws `invalid-argument` */
export function drawLocation(maze: Maze, random: RandomStream): [x: number, y: number] {
  const cell = drawCell(maze, random);
  return [cell.row + startJitter * (2 * random.uniform() - 1), cell.column + startJitter * (2 * random.uniform() - 1)];
}

/** Draws a free cell, the goal cell included, uniformly. @throws `invalid-argument` */
export function drawCell(maze: Maze, random: RandomStream): MazeCell {
  checkMaze("drawCell", maze);
  checkRandom("drawCell", random);
  return maze.freeCells[random.integer(0, maze.freeCells.length)] as MazeCell;
}

/** Writes the first observation of an episode: a random location, nearly at rest. */
export function drawStart(maze: Maze, random: RandomStream, observation: Float64Array): void {
  const [x, y] = drawLocation(maze, random);
  observation.set([x, y, startSpeed * random.normal(), startSpeed * random.normal()]);
}

/** @throws `invalid-argument` */
export function createMazeEnvironment(
  maze: Maze,
  options: MazeEnvironmentOptions = {},
  given?: MazePhysics,
): MazeEnvironment {
  checkMaze("createMazeEnvironment", maze);
  check("createMazeEnvironment", optionsSchema, options);
  const physics = given ?? createMazePhysics(maze);
  const observation = new Float64Array(4);
  let goal: Position = options.goal ?? [maze.goalCell.row, maze.goalCell.column];
  return {
    maze,
    observation,
    get goal() {
      return goal;
    },
    reset(random) {
      drawStart(maze, random, observation);
      if (options.start) observation.set([...options.start, 0, 0]);
      if (options.multiTask && options.goal === undefined) goal = drawLocation(maze, random);
    },
    step(actionX, actionY) {
      physics.step(observation, actionX, actionY);
      return goalReward(observation[0] as number, observation[1] as number, goal);
    },
  };
}
