import type { Environment } from "../../planning/environment.js";
import { trackPlan } from "../baselines.js";
import { drawLocation, drawStart, goalReward } from "../environment.js";
import type { Maze } from "../mazes.js";
import { createMazePhysics, mazeTimeStep } from "../physics.js";
import { type FrameField, featuresPerFrame } from "./frames.js";

/** Half the span, in frames, over which a plan's velocity is measured: smooths the noise of single frames. */
const velocitySpan = 3;

function pointOf(numbers: ArrayLike<number>, at = 0): [number, number] {
  return [numbers[at] as number, numbers[at + 1] as number];
}

/**
 * A maze as an environment to plan in: random starts and goals, frames of these fields. A plan is tracked with the
 * official gains (12.5, 1.2) and the plan's true velocity.
 */
export function mazeWorld(maze: Maze, fields: readonly FrameField[]): Environment {
  const physics = createMazePhysics(maze);
  return {
    observationSize: 4,
    actionSize: 2,
    frameSize: featuresPerFrame(fields),
    reset(random, observation) {
      drawStart(maze, random, observation);
      return drawLocation(maze, random);
    },
    step: (observation, action) => physics.step(observation, action[0] as number, action[1] as number),
    frame(observation, action, frame) {
      for (const [i, field] of fields.entries()) {
        frame.set(field === "action" ? pointOf(action) : pointOf(observation, field === "velocity" ? 2 : 0), 2 * i);
      }
    },
    isReached: (observation, goal) => goalReward(...pointOf(observation), pointOf(goal)) === 1,
    follow({ positions }, at, observation, action) {
      const last = positions.length / 2 - 1;
      const pointAt = (frame: number): [number, number] => {
        const row = 2 * Math.min(frame, last); // A plan rests at its end.
        return [positions[row] as number, positions[row + 1] as number];
      };
      const frame = at + 1;
      const [x, y] = pointAt(frame);
      const earlier = Math.max(frame - velocitySpan, 0);
      const [laterX, laterY] = pointAt(frame + velocitySpan);
      const [earlierX, earlierY] = pointAt(earlier);
      const duration = (frame + velocitySpan - earlier) * mazeTimeStep;
      trackPlan(x, y, (laterX - earlierX) / duration, (laterY - earlierY) / duration, observation, action);
    },
    hold: (goal, observation, action) => trackPlan(...pointOf(goal), 0, 0, observation, action),
  };
}
