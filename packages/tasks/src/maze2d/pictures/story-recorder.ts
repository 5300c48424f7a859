import type { Plan } from "../../planning/plan.js";
import type { MazePlanner } from "../planner/planner.js";
import type { MazeEpisode, MazePolicy } from "../policy.js";
import type { PlanStory } from "./story.js";

/** What is recorded of one episode for its pictures. */
export interface Recording {
  readonly policy: MazePolicy;
  /** Gathers everything drawn; call it after the episode. */
  story(reachedAt: number | undefined): Promise<PlanStory>;
}

/**
 * Records a single episode: `wrap` gets a callback for new plans and returns the policy to watch. The denoising of
 * the first plan is sampled again, step by step, from the same noise; of one that a search found, only its end is known,
 * which follows another plan's denoising.
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
      const { fields, lengths } = planner.config;
      const width = fields.length * 2;
      const [x = 0, y = 0, velocityX = 0, velocityY = 0] = observation;
      const values = { position: [x, y], velocity: [velocityX, velocityY], action: [0, 0] };
      const present = Float32Array.from(fields.flatMap((field) => values[field]));
      // An episode that starts at its goal needs no plan; the picture shows the shortest one.
      const first = plans[0]?.plan;
      const tokens = first?.tokens ?? (lengths[0] as number);
      const denoising: Float32Array[] = [];
      const stream = first?.random ?? random.split("planner").split(0);
      for await (const frames of planner.watch({ history: [present], goal }, stream, tokens)) {
        denoising.push(positionsOf(frames, width));
      }
      if (first !== undefined && first.random === undefined) {
        denoising.push(wholeTokens(first.positions, planner.frameStack));
      }
      return {
        maze,
        start: [x, y],
        goal,
        denoising,
        drive: Float32Array.from(positions),
        plans: plans.map(({ step, plan }) => ({ step, positions: plan.positions })),
        // Step n ends at the position of step n + 1, which for the last one is not recorded.
        ...(reachedAt === undefined ? {} : { reachedAt: Math.min(reachedAt, positions.length / 2 - 1) }),
        title: `A plan through the ${maze.name} maze`,
      };
    },
  };
}

/** A plan's positions as those of whole tokens: its first and its last stand for the rest of start and goal token. */
function wholeTokens(positions: Float32Array, frameStack: number): Float32Array {
  const rest = frameStack - 1;
  const last = positions.length / 2 - 1;
  return Float32Array.from({ length: positions.length + 4 * rest }, (_, i) => {
    const frame = Math.min(Math.max(Math.floor(i / 2) - rest, 0), last);
    return positions[2 * frame + (i % 2)] as number;
  });
}

function positionsOf(frames: Float32Array, width: number): Float32Array {
  const positions = new Float32Array((frames.length / width) * 2);
  for (let frame = 0; frame < positions.length / 2; frame++) {
    positions[2 * frame] = frames[frame * width] as number;
    positions[2 * frame + 1] = frames[frame * width + 1] as number;
  }
  return positions;
}
