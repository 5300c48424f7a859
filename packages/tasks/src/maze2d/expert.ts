import type { RandomStream } from "@diffusion-forcing/core";
import { DiffusionForcingError } from "@diffusion-forcing/core";
import { clip, distance } from "./geometry.js";
import { checkMaze, isWall, type Maze, type MazeCell } from "./mazes.js";

/** D4RL's order of grid moves, which breaks ties between equally short routes: none, y-, y+, x-, x+. */
const moves: readonly MazeCell[] = [
  { row: 0, column: 0 },
  { row: 0, column: -1 },
  { row: 0, column: 1 },
  { row: -1, column: 0 },
  { row: 1, column: 0 },
];
/** D4RL's number, and more where routes can be longer. */
const leastSweeps = 50;
const discount = 0.99;

/** Shortest routes over the cells of one maze. */
export interface MazeRoutes {
  readonly maze: Maze;
  /**
   * The cells to visit after `start`, the last one `target` (alone if they are equal). `start` may be a wall beside
   * a free cell: positions near a wall round to it, and the route then leads out.
   *
   * @throws DiffusionForcingError `invalid-argument` if no route exists.
   */
  cells(start: MazeCell, target: MazeCell): MazeCell[];
}

/** Routes by D4RL's value iteration (`q_iteration.py`: reward 1 in the target cell, 50 sweeps), solved once per target. @throws `invalid-argument` */
export function createMazeRoutes(maze: Maze): MazeRoutes {
  checkMaze("createMazeRoutes", maze);
  const bestMoves = new Map<number, Uint8Array>();

  function movesTowards(target: MazeCell): Uint8Array {
    const key = target.row * maze.columns + target.column;
    let best = bestMoves.get(key);
    if (best === undefined) {
      best = iterateValues(maze, key);
      bestMoves.set(key, best);
    }
    return best;
  }

  return {
    maze,
    cells(start, target) {
      const best = movesTowards(target);
      const route: MazeCell[] = [];
      let { row, column } = start;
      while (route.length <= maze.freeCells.length) {
        const move = moves[best[row * maze.columns + column] ?? 0] as MazeCell;
        row += move.row;
        column += move.column;
        route.push({ row, column });
        if (row === target.row && column === target.column) return route;
      }
      throw new DiffusionForcingError(
        "invalid-argument",
        `Maze "${maze.name}" has no route from cell (${start.row}, ${start.column}) to (${target.row}, ` +
          `${target.column}): give two cells that free cells connect.`,
      );
    },
  };
}

/** `[rows * columns]`: the index into `moves` with the first largest value, for one target cell. */
function iterateValues(maze: Maze, target: number): Uint8Array {
  const cells = maze.rows * maze.columns;
  const successors = new Uint16Array(cells * moves.length);
  for (let cell = 0; cell < cells; cell++) {
    const row = Math.floor(cell / maze.columns);
    const column = cell % maze.columns;
    for (const [index, move] of moves.entries()) {
      const blocked = isWall(maze, row + move.row, column + move.column);
      successors[cell * moves.length + index] = blocked ? cell : cell + move.row * maze.columns + move.column;
    }
  }
  const bestMoves = new Uint8Array(cells);
  let values = new Float64Array(cells);
  const sweeps = Math.max(leastSweeps, maze.freeCells.length);
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const next = new Float64Array(cells);
    for (let cell = 0; cell < cells; cell++) {
      const reward = cell === target ? 1 : 0;
      let best = Number.NEGATIVE_INFINITY;
      for (let move = 0; move < moves.length; move++) {
        const value = reward + discount * (values[successors[cell * moves.length + move] as number] as number);
        if (value > best) {
          best = value;
          bestMoves[cell] = move;
        }
      }
      next[cell] = best;
    }
    values = next;
  }
  return bestMoves;
}

const proportionalGain = 10;
const velocityGain = -1;
const reachedDistance = 0.1;
const reachedDisplacement = 0.1;
const waypointJitter = 0.2;

/** Writes clip(10 (goal - x) - v, +-1), the expert's control law, into `action` `[2]`. */
export function steerTowards(x: number, y: number, observation: Float64Array, action: Float64Array): void {
  action[0] = pull(x - (observation[0] as number), observation[2] as number);
  action[1] = pull(y - (observation[1] as number), observation[3] as number);
}

function pull(displacement: number, velocity: number): number {
  return clip(proportionalGain * displacement + velocityGain * velocity, 1);
}

/** D4RL's expert: a controller that follows waypoints in the cells of the shortest route. */
export interface WaypointController {
  /**
   * Writes the action `[2]` for `observation` `[4]` and returns true if the location of cell `target` is reached.
   * The route is planned at the first call and whenever `target` changes.
   */
  act(observation: Float64Array, target: MazeCell, action: Float64Array): boolean;
}

/**
 * The controller of D4RL (`waypoint_controller.py`). Waypoints between start and target are the cell's location minus
 * U(0, 0.2) per axis, drawn from `random`; the last is the target cell's location exactly. A waypoint counts as
 * reached within 0.1 of it, if the particle also moved less than 0.1 since the last call: D4RL's speed threshold,
 * which compares a displacement per step and so rarely binds (the speed limit allows 0.05).
 */
export function createWaypointController(routes: MazeRoutes, random: RandomStream): WaypointController {
  let target: MazeCell | undefined;
  let waypoints: [x: number, y: number][] = [];
  let next = 0;
  let previousX = 0;
  let previousY = 0;

  function plan(x: number, y: number, newTarget: MazeCell): void {
    const start = { row: Math.round(x), column: Math.round(y) };
    waypoints = routes.cells(start, newTarget).map((cell, index, cells) => {
      if (index === cells.length - 1) return [cell.row, cell.column];
      return [cell.row - waypointJitter * random.uniform(), cell.column - waypointJitter * random.uniform()];
    });
    target = newTarget;
    next = 0;
    previousX = start.row;
    previousY = start.column;
  }

  return {
    act(observation, newTarget, action) {
      const x = observation[0] as number;
      const y = observation[1] as number;
      if (target?.row !== newTarget.row || target.column !== newTarget.column) plan(x, y, newTarget);
      const slow = distance(x, y, previousX, previousY) < reachedDisplacement;
      const reached = distance(x, y, newTarget.row, newTarget.column) < reachedDistance && slow;
      const last = waypoints.length - 1;
      const [goalX, goalY] = waypoints[reached ? last : next] as [number, number];
      steerTowards(goalX, goalY, observation, action);
      if (!reached && next < last && distance(x, y, goalX, goalY) < reachedDistance && slow) next++;
      previousX = x;
      previousY = y;
      return reached;
    },
  };
}
