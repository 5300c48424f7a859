import type { RandomStream } from "@diffusion-forcing/core";
import { checkRandom } from "../../option-schemas.js";
import { checkPlan, type FloorPlan } from "./floor-plan.js";
import { directions, HEADINGS } from "./headings.js";
import { castRay, type Pose } from "./ray-caster.js";

/** What somebody in the maze can do. */
export const mazeActions = ["forward", "left", "right"] as const;
export type MazeAction = (typeof mazeActions)[number];

/** How far a step goes, in squares. */
export const STEP = 0.25;
/** How near to a wall anybody gets. */
const RADIUS = 0.3;

/** The pose after an action: a turn by a sixteenth, or a step, which slides along walls. Exact: no randomness. */
export function act(plan: FloorPlan, { x, y, heading }: Pose, action: MazeAction): Pose {
  if (action === "left") return { x, y, heading: (heading + HEADINGS - 1) % HEADINGS };
  if (action === "right") return { x, y, heading: (heading + 1) % HEADINGS };
  const [dx, dy] = directions[heading] as readonly [number, number];
  const across = isFree(plan, x + dx * STEP, y) ? x + dx * STEP : x;
  const down = isFree(plan, across, y + dy * STEP) ? y + dy * STEP : y;
  return { x: across, y: down, heading };
}

/** Whether a body of that radius has room there. */
function isFree(plan: FloorPlan, x: number, y: number): boolean {
  return [-RADIUS, RADIUS].every((dx) =>
    [-RADIUS, RADIUS].every((dy) => plan.wallAt(Math.floor(x + dx), Math.floor(y + dy)) === undefined),
  );
}

/** A pose with room around it. @throws `invalid-argument` */
export function randomPose(plan: FloorPlan, random: RandomStream): Pose {
  checkPlan("randomPose", plan);
  checkRandom("randomPose", random);
  const [column, row] = plan.floor[random.integer(0, plan.floor.length)] as readonly [number, number];
  const within = (): number => RADIUS + (1 - 2 * RADIUS) * random.uniform();
  return { x: column + within(), y: row + within(), heading: random.integer(0, HEADINGS) };
}

/**
 * A wanderer: turns to where there is room, walks some way, turns again; one action in twelve is any. Its next action
 * depends on what it has in mind, so each walk has a wanderer of its own.
 */
export function wanderer(plan: FloorPlan, random: RandomStream): (pose: Pose) => MazeAction {
  let turns: MazeAction[] = [];
  let steps = 0;
  const decide = (pose: Pose): void => {
    const room = directions.map(([dx, dy]) => Math.max(0, castRay(plan, pose.x, pose.y, dx, dy).distance - 0.6));
    // Going on is likelier than turning round.
    const wish = room.map((length, heading) => {
      const turn = Math.abs(((heading - pose.heading + 24) % HEADINGS) - 8);
      return length * (turn > 6 ? 0.15 : 1);
    });
    const heading = drawn(wish, random);
    const turn = ((heading - pose.heading + 24) % HEADINGS) - 8;
    turns = Array.from({ length: Math.abs(turn) }, () => (turn < 0 ? "left" : "right"));
    steps = 1 + random.integer(0, Math.max(1, Math.floor((room[heading] as number) / STEP) + 1));
  };
  return (pose) => {
    if (random.uniform() < 1 / 12) return mazeActions[random.integer(0, mazeActions.length)] as MazeAction;
    if (turns.length === 0 && steps === 0) decide(pose);
    const turn = turns.pop();
    if (turn !== undefined) return turn;
    steps--;
    return "forward";
  };
}

/** An index with a probability in proportion to its weight. */
function drawn(weights: readonly number[], random: RandomStream): number {
  let left = random.uniform() * weights.reduce((sum, value) => sum + value, 0);
  for (const [index, weight] of weights.entries()) {
    left -= weight;
    if (left < 0) return index;
  }
  // Nothing has any weight.
  return random.integer(0, weights.length);
}
