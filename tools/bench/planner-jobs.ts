import { type Backend, createRandom } from "@diffusion-forcing/core";
import { folderStore } from "@diffusion-forcing/core/node";
import { MazePlanner, readPlannerBundle } from "@diffusion-forcing/tasks/maze2d";
import type { Job } from "./jobs.js";

/** From a corner of medium to its goal, the longest way there is. */
const [start, goal] = [Float32Array.of(1, 1), [6, 6]];

/**
 * Plans of the bundled planner of medium by its defaults, lengths tried upward: from rest; on half of the way; and there
 * when a plan has come to nothing, so that the driver asks for one that takes a fifth longer than what was left.
 */
export function plannerJobs(backend: Backend, repeats: number): readonly (() => Job)[] {
  return ["first_plan", "plan_half_way", "replan_half_way"].map((name) => () => {
    let planner: MazePlanner | undefined;
    let history = [start];
    let tokens: readonly [number, number] = [0, Number.POSITIVE_INFINITY];
    let runs = 0;

    async function plan(by: MazePlanner): Promise<Float32Array> {
      const [found] = await by.plan([{ history, goal, tokens }], [createRandom(runs++)]);
      return found?.positions ?? start;
    }

    async function open(): Promise<MazePlanner> {
      const bundle = await readPlannerBundle(folderStore("packages/tasks/models/maze2d-medium"));
      const opened = new MazePlanner({ backend, ...bundle });
      if (name === "first_plan") return opened;
      const positions = await plan(opened);
      const half = Math.floor(positions.length / 4);
      history = Array.from({ length: opened.frameStack }, (_, i) => {
        const frame = half - opened.frameStack + i;
        return positions.slice(2 * frame, 2 * frame + 2);
      });
      if (name === "replan_half_way") {
        const left = positions.length / 2 - half;
        tokens = [Math.ceil((1.2 * left) / opened.frameStack) + 1, Number.POSITIVE_INFINITY];
      }
      return opened;
    }

    return {
      name,
      repeats,
      async run() {
        planner ??= await open();
        await plan(planner);
      },
      async dispose() {
        await planner?.dispose();
      },
    };
  });
}
