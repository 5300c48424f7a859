import { DiffusionForcingError } from "@diffusion-forcing/core";
import { checkRows } from "../option-schemas.js";
import { checkMaze, type Maze } from "./mazes.js";

/** Bins per unit of length: 0.1 wide, so that no bin straddles the face of a wall. */
const binsPerUnit = 10;
/** Where bin 0 starts: the lower edge of cell 0. */
const lowerEdge = 0.7;

/** Which parts of a maze a dataset has visited. */
export interface DataSupport {
  /** True if every point of `points` `[N, 2]` (x, y) lies in a bin that the data visited. */
  supported(points: ArrayLike<number>): boolean;
  /** The share of the points of `points` `[N, 2]` that lie in a visited bin; 1 for no points. */
  supportedFraction(points: ArrayLike<number>): number;
}

/**
 * Marks the 0.1-wide bins that the positions of a dataset fall into. Rejecting plans that leave them keeps plans out
 * of walls without being told where walls are. It is an addition of this project, not part of Diffusion Forcing:
 * results that use it should say so.
 *
 * @param observations `[N, 4]`, as in a `MazeDataset`; only x and y are read.
 * @throws `invalid-argument`, `invalid-data` if an observation lies outside the maze.
 */
export function createDataSupport(maze: Maze, observations: ArrayLike<number>): DataSupport {
  checkMaze("createDataSupport", maze);
  checkRows("createDataSupport: the observations", observations, 4);
  const columns = maze.columns * binsPerUnit;
  const rows = maze.rows * binsPerUnit;
  const visited = new Uint8Array(rows * columns);

  function bin(x: number, y: number): number {
    const row = Math.floor((x + lowerEdge) * binsPerUnit);
    const column = Math.floor((y + lowerEdge) * binsPerUnit);
    return row >= 0 && column >= 0 && row < rows && column < columns ? row * columns + column : -1;
  }

  for (let index = 0; index < observations.length; index += 4) {
    const at = bin(observations[index] as number, observations[index + 1] as number);
    if (at < 0) {
      throw new DiffusionForcingError(
        "invalid-data",
        `Observation ${index / 4} is at (${observations[index]}, ${observations[index + 1]}), outside maze ` +
          `"${maze.name}": give the data of this maze.`,
      );
    }
    visited[at] = 1;
  }

  function supportedFraction(points: ArrayLike<number>): number {
    let inside = 0;
    for (let index = 0; index < points.length; index += 2) {
      inside += visited[bin(points[index] as number, points[index + 1] as number)] ?? 0;
    }
    return points.length === 0 ? 1 : inside / (points.length / 2);
  }

  return { supported: (points) => supportedFraction(points) === 1, supportedFraction };
}
