import { createRandom, DiffusionForcingError } from "@diffusion-forcing/core";
import { check, schemas } from "@diffusion-forcing/core/backend";
import * as v from "valibot";
import { optionSchemas } from "../option-schemas.js";
import { createMazeEnvironment, drawCell, goalReward } from "./environment.js";
import { createMazeRoutes, createWaypointController } from "./expert.js";
import { clip } from "./geometry.js";
import { cellLocation, type Maze, mazeSchema } from "./mazes.js";

const actionNoise = 0.5;

export interface MazeDatasetOptions {
  readonly maze: Maze;
  /** Number of steps N; D4RL's is `maze.datasetSize`. */
  readonly steps: number;
  readonly seed: number;
}

const optionsSchema = v.strictObject({
  maze: mazeSchema,
  steps: schemas.integer(1, 2 ** 28),
  seed: optionSchemas.seed,
});

/** One continuous trajectory: row t is what was observed, and the action then taken. */
export interface MazeDataset {
  /** float32 `[N, 4]`: x, y, velocity x, velocity y. */
  readonly observations: Float32Array;
  /** float32 `[N, 2]`, each in [-1, 1]. */
  readonly actions: Float32Array;
}

/**
 * Re-creates the data of D4RL's Maze2D (`generate_maze2d_datasets.py` with noise): the expert walks to one random
 * free cell after another, its actions disturbed by N(0, 0.5) and then clipped. The stream is never reset; a new
 * target is drawn when the last is reached or after an episode's length of steps. Statistically close to D4RL's
 * files, not equal to them: the random numbers differ, D4RL repeats one observation at each change of target (its
 * loop keeps the old one), and this does not. The same options give the same bytes on every engine.
 *
 * @throws `invalid-argument`
 */
export function generateMazeDataset(options: MazeDatasetOptions): MazeDataset {
  const { maze, steps, seed } = check("generateMazeDataset", optionsSchema, options);
  const random = createRandom(seed);
  const targets = random.split("targets");
  const noise = random.split("action noise");
  const environment = createMazeEnvironment(maze);
  const controller = createWaypointController(createMazeRoutes(maze), random.split("waypoints"));
  environment.reset(random.split("start"));

  const observations = new Float32Array(steps * 4);
  const actions = new Float32Array(steps * 2);
  const action = new Float64Array(2);
  // D4RL adds U(-0.1, 0.1) to the target, but its controller rounds that away.
  let target = drawCell(maze, targets);
  let sinceTarget = 0;
  for (let step = 0; step < steps; step++) {
    const reached = controller.act(environment.observation, target, action);
    const actionX = clip((action[0] as number) + actionNoise * noise.normal(), 1);
    const actionY = clip((action[1] as number) + actionNoise * noise.normal(), 1);
    observations.set(environment.observation, step * 4);
    actions[step * 2] = actionX;
    actions[step * 2 + 1] = actionY;
    environment.step(actionX, actionY);
    if (reached || sinceTarget >= maze.episodeLength) {
      target = drawCell(maze, targets);
      sinceTarget = 0;
    } else {
      sinceTarget++;
    }
  }
  return { observations, actions };
}

/** Population means and standard deviations over the N steps, and the mean reward for the maze's evaluation goal. */
export interface MazeDatasetStatistics {
  readonly observationMean: readonly number[];
  readonly observationStandardDeviation: readonly number[];
  readonly actionMean: readonly number[];
  readonly actionStandardDeviation: readonly number[];
  readonly rewardMean: number;
}

export function mazeDatasetStatistics(maze: Maze, dataset: MazeDataset): MazeDatasetStatistics {
  const { observations, actions } = dataset;
  const goal = cellLocation(maze.goalCell);
  let rewards = 0;
  for (let index = 0; index < observations.length; index += 4) {
    rewards += goalReward(observations[index] as number, observations[index + 1] as number, goal);
  }
  const observation = columnMoments(observations, 4);
  const action = columnMoments(actions, 2);
  return {
    observationMean: observation.mean,
    observationStandardDeviation: observation.standardDeviation,
    actionMean: action.mean,
    actionStandardDeviation: action.standardDeviation,
    rewardMean: rewards / (observations.length / 4),
  };
}

/** Moments of each column of a row-major matrix, in two passes for accuracy. */
function columnMoments(values: Float32Array, columns: number): { mean: number[]; standardDeviation: number[] } {
  const rows = values.length / columns;
  const mean: number[] = [];
  const standardDeviation: number[] = [];
  for (let column = 0; column < columns; column++) {
    let sum = 0;
    for (let index = column; index < values.length; index += columns) sum += values[index] as number;
    const average = sum / rows;
    let squares = 0;
    for (let index = column; index < values.length; index += columns) {
      squares += ((values[index] as number) - average) ** 2;
    }
    mean.push(average);
    standardDeviation.push(Math.sqrt(squares / rows));
  }
  return { mean, standardDeviation };
}

/**
 * SHA-256, in hexadecimal, of the bytes of the observations followed by those of the actions (little-endian, as on
 * every platform that runs JavaScript today). Instead of shipping data, publish its options with this.
 *
 * @throws DiffusionForcingError `missing-dependency` where Web Crypto is missing: pages that are not served securely.
 */
export async function mazeDatasetChecksum(dataset: MazeDataset): Promise<string> {
  if (globalThis.crypto?.subtle === undefined) {
    throw new DiffusionForcingError(
      "missing-dependency",
      "crypto.subtle is missing: serve the page over https or from localhost.",
    );
  }
  const bytes = new Uint8Array(dataset.observations.byteLength + dataset.actions.byteLength);
  bytes.set(
    new Uint8Array(dataset.observations.buffer, dataset.observations.byteOffset, dataset.observations.byteLength),
  );
  bytes.set(
    new Uint8Array(dataset.actions.buffer, dataset.actions.byteOffset, dataset.actions.byteLength),
    dataset.observations.byteLength,
  );
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
