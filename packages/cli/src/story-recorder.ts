import type { MazeEpisode, MazePlanner, MazePolicy, Plan } from "@diffusion-forcing/tasks/maze2d";
import type { PlanStory } from "./picture/index.js";

/** What is recorded of one episode for its pictures. */
export interface Recording {
  readonly policy: MazePolicy;
  /** Gathers everything drawn; call it after the episode. */
  story(reachedAt: number | undefined): Promise<PlanStory>;
}

/**
 * Records a single episode: `wrap` gets a callback for new plans and returns the policy to watch. The denoising of
 * the first plan is sampled again, step by step, from the same noise.
 */
export function recordEpisode(
  planner: MazePlanner,
  wrap: (onPlan: (episode: number, step: number, plan: Plan) => void) => MazePolicy,
): Recording {
  const plans: { step: number; plan: Plan }[] = [];
  const positions: number[] = [];
  let watched: MazeEpisode | undefined;
  const inner = wrap((_episode, step, plan) => {
    plans.push({ step, plan });
  });
  const policy: MazePolicy = {
    ...inner,
    start(episodes) {
      watched = episodes[0];
      return inner.start(episodes);
    },
    act(step, observations, actions) {
      positions.push(observations[0] as number, observations[1] as number);
      return inner.act(step, observations, actions);
    },
  };
  return {
    policy,
    async story(reachedAt) {
      const { maze, observation, goal, random } = watched as MazeEpisode;
      const first = (plans[0] as { plan: Plan }).plan;
      const width = planner.config.fields.length * 2;
      const present = new Float32Array(first.frames.subarray(0, width));
      const denoising: Float32Array[] = [];
      const stream = random.split("planner").split(0);
      for await (const frames of planner.watch({ history: present, goal }, stream, first.tokens)) {
        denoising.push(positionsOf(frames, width));
      }
      return {
        maze,
        start: [observation[0] as number, observation[1] as number],
        goal,
        denoising,
        drive: Float32Array.from(positions),
        plans: plans.map(({ step, plan }) => ({ step, positions: plan.positions })),
        ...(reachedAt === undefined ? {} : { reachedAt }),
        title: `A plan through the ${maze.name} maze`,
      };
    },
  };
}

function positionsOf(frames: Float32Array, width: number): Float32Array {
  const positions = new Float32Array((frames.length / width) * 2);
  for (let frame = 0; frame < positions.length / 2; frame++) {
    positions[2 * frame] = frames[frame * width] as number;
    positions[2 * frame + 1] = frames[frame * width + 1] as number;
  }
  return positions;
}
