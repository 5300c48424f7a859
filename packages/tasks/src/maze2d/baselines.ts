import { createMazeRoutes, createWaypointController, type MazeRoutes, steerTowards } from "./expert.js";
import { clip } from "./geometry.js";
import type { Maze, MazeCell } from "./mazes.js";
import { createMazePhysics } from "./physics.js";
import { type EpisodeActor, type MazeEpisode, type MazePolicy, policyPerEpisode } from "./policy.js";

/** Uniform actions in [-1, 1]. */
export function randomPolicy(): MazePolicy {
  return policyPerEpisode("random", ({ random }) => (_step, _observation, action) => {
    action[0] = 2 * random.uniform() - 1;
    action[1] = 2 * random.uniform() - 1;
  });
}

/** The expert's control law aimed straight at the goal, walls or not: what no planning at all achieves. */
export function straightLinePolicy(): MazePolicy {
  return policyPerEpisode("straight line", ({ goal }) => (_step, observation, action) => {
    steerTowards(goal[0], goal[1], observation, action);
  });
}

/** D4RL's expert without noise, its route planned anew in every episode. It steers to the goal cell's location. */
export function expertPolicy(maze: Maze): MazePolicy {
  const routes = createMazeRoutes(maze);
  return policyPerEpisode("expert", (episode) => expertActor(routes, episode));
}

function expertActor(routes: MazeRoutes, { goal, random }: MazeEpisode): EpisodeActor {
  const controller = createWaypointController(routes, random);
  const target: MazeCell = { row: Math.round(goal[0]), column: Math.round(goal[1]) };
  return (_step, observation, action) => {
    controller.act(observation, target, action);
  };
}

/**
 * The controller of the official planner, action = clip(12.5 (plan - x) + 1.2 (plan velocity - v), +-1), written into
 * `action` `[2]`. The official planner passes the difference of two plan positions as the velocity, without dividing
 * by the time step of 0.01, so its controller brakes; pass a velocity per second to follow without lag.
 */
export function trackPlan(
  planX: number,
  planY: number,
  planVelocityX: number,
  planVelocityY: number,
  observation: ArrayLike<number>,
  action: Float64Array,
): void {
  const [x = 0, y = 0, velocityX = 0, velocityY = 0] = Array.from(observation);
  action[0] = clip(12.5 * (planX - x) + 1.2 * (planVelocityX - velocityX), 1);
  action[1] = clip(12.5 * (planY - y) + 1.2 * (planVelocityY - velocityY), 1);
}

/**
 * The official tracking controller, official velocity included, on the path that the expert would take: the
 * best that a planner with that controller could do if its plans were the expert's.
 */
export function trackedExpertPolicy(maze: Maze): MazePolicy {
  const routes = createMazeRoutes(maze);
  return policyPerEpisode("tracked expert", (episode) => {
    const plan = expertPath(routes, episode);
    return (step, observation, action) => {
      const now = step * 2;
      const [x = 0, y = 0, nextX = 0, nextY = 0] = plan.subarray(now, now + 4);
      trackPlan(nextX, nextY, nextX - x, nextY - y, observation, action);
    };
  });
}

/** `[episodeLength + 1, 2]`: the positions of the expert from the episode's start on. */
function expertPath(routes: MazeRoutes, episode: MazeEpisode): Float64Array {
  const { maze } = routes;
  const physics = createMazePhysics(maze);
  const actor = expertActor(routes, episode);
  const state = episode.observation.slice();
  const action = new Float64Array(2);
  const path = new Float64Array((maze.episodeLength + 1) * 2);
  path.set(state.subarray(0, 2));
  for (let step = 0; step < maze.episodeLength; step++) {
    actor(step, state, action);
    physics.step(state, action[0] as number, action[1] as number);
    path.set(state.subarray(0, 2), (step + 1) * 2);
  }
  return path;
}
