import { checkOptions } from "@diffusion-forcing/core/backend";
import { drivingSchemas, type PlanDriver, type PlanDriverOptions, planDriver } from "../../planning/plan-driver.js";
import type { MazePolicy } from "../policy.js";
import { mazeWorld } from "./maze-world.js";
import type { MazePlanner } from "./planner.js";

export type PlannerPolicyOptions = Omit<PlanDriverOptions, "planner" | "environment">;

/** Drives a maze's episodes by a diffusion planner, as {@link planDriver} does. It knows nothing of walls. @throws `invalid-argument` */
export function plannerPolicy(
  planner: Pick<MazePlanner, "config" | "frameStack" | "plan">,
  options: PlannerPolicyOptions = {},
): MazePolicy {
  checkOptions("plannerPolicy", drivingSchemas, options);
  let driver: PlanDriver | undefined;
  let points: number[] = [];
  return {
    name: "diffusion forcing planner",
    start(episodes) {
      points = [];
      const [first] = episodes;
      if (first === undefined) return;
      driver = planDriver({
        ...options,
        planner,
        environment: mazeWorld(first.maze, planner.config.fields),
        onPlan(episode, step, plan) {
          for (const value of plan.positions) points.push(value);
          options.onPlan?.(episode, step, plan);
        },
      });
      driver.start(episodes.map(({ goal, random }) => ({ goal, random: random.split("planner") })));
    },
    act: (step, observations, actions) => driver?.act(step, observations, actions),
    planPoints: () => points,
  };
}
