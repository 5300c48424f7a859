import { createRandom } from "@diffusion-forcing/core";
import { check, schemas, throwIfAborted } from "@diffusion-forcing/core/backend";
import * as v from "valibot";
import { mean, pairedRatio, proportion } from "../intervals.js";
import { optionSchemas } from "../option-schemas.js";
import type { Estimate } from "../task.js";
import { expertPolicy, straightLinePolicy } from "./baselines.js";
import { createMazeEnvironment, type MazeEnvironment, type Position } from "./environment.js";
import { type Maze, mazeSchema, normalizedScore, wallFraction } from "./mazes.js";
import { createMazePhysics } from "./physics.js";
import type { MazePolicy } from "./policy.js";

export interface MazeEvaluationOptions {
  readonly maze: Maze;
  readonly policy: MazePolicy;
  /** How many episodes, all run in lockstep. Report at least 100. */
  readonly episodes: number;
  /** Start and goal of episode i depend on this, the maze and i alone: every policy meets the same ones. */
  readonly seed: number;
  /** A random goal per episode instead of the maze's own. */
  readonly multiTask?: boolean;
  /** Where every episode starts, at rest, instead of a random place. */
  readonly start?: Position;
  /** Where every episode is to go, instead of the maze's goal or a random one. */
  readonly goal?: Position;
  readonly signal?: AbortSignal;
  /** Called after every step of all episodes. */
  readonly onProgress?: (progress: { readonly step: number; readonly steps: number }) => void;
}

const optionsSchema = v.strictObject({
  maze: mazeSchema,
  policy: schemas.having<MazePolicy>("a policy, such as plannerPolicy() makes", "name", "start", "act"),
  episodes: schemas.integer(1),
  seed: optionSchemas.seed,
  multiTask: v.optional(v.boolean("true or false"), false),
  start: v.optional(optionSchemas.position),
  goal: v.optional(optionSchemas.position),
  signal: optionSchemas.signal,
  onProgress: optionSchemas.callback<MazeEvaluationOptions["onProgress"]>(),
});

export interface MazeEpisodeResult {
  readonly success: boolean;
  /** The step, counted from 1, that first ended within 0.5 of the goal; a failure counts as the full episode. */
  readonly firstReach: number;
  /** Number of steps that ended within 0.5 of the goal. */
  readonly episodeReturn: number;
  /** Undefined in a maze without reference scores. */
  readonly normalizedScore: number | undefined;
  /** True if the straight-line policy fails from this start. */
  readonly hard: boolean;
}

export interface MazeEvaluationSummary {
  readonly maze: string;
  readonly policy: string;
  readonly multiTask: boolean;
  readonly seed: number;
  readonly episodes: number;
  /** Share of the episodes that reach the goal; Wilson interval. */
  readonly success: Estimate;
  readonly firstReach: Estimate;
  /** Total steps to first reach over the replanned expert's on the same starts. */
  readonly ratioToExpert: Estimate;
  readonly normalizedScore: Estimate | undefined;
  /** Success on the starts from which a straight line fails. */
  readonly hard: { readonly successes: number; readonly episodes: number; readonly success: Estimate };
  /** Share of the plans' points whose centre lies inside a wall; undefined for a policy without plans. */
  readonly planWallFraction: number | undefined;
  /** What these figures are, to be shown wherever they are. */
  readonly note: string;
}

export interface MazeEvaluation {
  readonly results: readonly MazeEpisodeResult[];
  readonly summary: MazeEvaluationSummary;
}

/** What every table of results must say. */
export const reproductionNote =
  "Re-created environment and data, statistically close to D4RL's, not D4RL's files or simulator.";

/**
 * Evaluates a policy on Maze2D: success, steps to first reach, their ratio to the expert's, D4RL's normalised score
 * and success on the hard starts. The score alone misleads: a straight line without any plan scores about 100.
 *
 * @throws `invalid-argument`, `aborted`
 */
export async function evaluateMazePolicy(options: MazeEvaluationOptions): Promise<MazeEvaluation> {
  const { multiTask } = check("evaluateMazePolicy", optionsSchema, options);
  const { maze, policy, episodes, seed, signal, start, goal } = options;
  const setting: EpisodeSetting = { maze, episodes, seed, multiTask, start, goal, signal };
  const runs = await runEpisodes(setting, policy, options.onProgress);
  const planPoints = policy.planPoints?.();
  const expert = await runEpisodes(setting, expertPolicy(maze));
  const straight = await runEpisodes(setting, straightLinePolicy());

  const results = runs.map((run, index): MazeEpisodeResult => {
    return { ...run, normalizedScore: normalizedScore(maze, run.episodeReturn), hard: !straight[index]?.success };
  });
  const firstReaches = results.map((result) => result.firstReach);
  const hard = results.filter((result) => result.hard);
  const hardSuccesses = countSuccesses(hard);
  const summary: MazeEvaluationSummary = {
    maze: maze.name,
    policy: policy.name,
    multiTask,
    seed,
    episodes,
    success: proportion(countSuccesses(results), episodes),
    firstReach: mean(firstReaches),
    ratioToExpert: pairedRatio(
      firstReaches,
      expert.map((run) => run.firstReach),
    ),
    normalizedScore: maze.referenceScores && mean(results.map((result) => result.normalizedScore as number)),
    hard: { successes: hardSuccesses, episodes: hard.length, success: proportion(hardSuccesses, hard.length) },
    planWallFraction: planPoints === undefined ? undefined : wallFraction(maze, planPoints),
    note: reproductionNote,
  };
  return { results, summary };
}

interface EpisodeSetting {
  readonly maze: Maze;
  readonly episodes: number;
  readonly seed: number;
  readonly multiTask: boolean;
  readonly start: Position | undefined;
  readonly goal: Position | undefined;
  readonly signal: AbortSignal | undefined;
}

type Run = Pick<MazeEpisodeResult, "success" | "firstReach" | "episodeReturn">;

async function runEpisodes(
  { maze, episodes, seed, multiTask, start, goal, signal }: EpisodeSetting,
  policy: MazePolicy,
  onProgress?: MazeEvaluationOptions["onProgress"],
): Promise<Run[]> {
  const steps = maze.episodeLength;
  const physics = createMazePhysics(maze);
  const streams = Array.from({ length: episodes }, (_, index) => createRandom(seed).split(index));
  const environments = streams.map((stream): MazeEnvironment => {
    const environment = createMazeEnvironment(
      maze,
      { multiTask, ...(start ? { start } : {}), ...(goal ? { goal } : {}) },
      physics,
    );
    environment.reset(stream.split("start"));
    return environment;
  });
  await policy.start(
    environments.map(({ observation, goal }, index) => {
      const random = (streams[index] as (typeof streams)[number]).split("policy");
      return { maze, observation: observation.slice(), goal, random };
    }),
  );

  const observations = new Float64Array(episodes * 4);
  const actions = new Float64Array(episodes * 2);
  const firstReach = new Array<number>(episodes).fill(steps);
  const success = new Array<boolean>(episodes).fill(false);
  const episodeReturn = new Array<number>(episodes).fill(0);
  for (let step = 0; step < steps; step++) {
    throwIfAborted(signal);
    for (const [index, environment] of environments.entries()) observations.set(environment.observation, index * 4);
    const acting = policy.act(step, observations, actions);
    if (acting !== undefined) await acting;
    for (const [index, environment] of environments.entries()) {
      const reward = environment.step(actions[index * 2] as number, actions[index * 2 + 1] as number);
      if (reward === 0) continue;
      episodeReturn[index] = (episodeReturn[index] as number) + reward;
      if (success[index]) continue;
      success[index] = true;
      firstReach[index] = step + 1;
    }
    onProgress?.({ step: step + 1, steps });
  }
  return environments.map((_, index) => ({
    success: success[index] as boolean,
    firstReach: firstReach[index] as number,
    episodeReturn: episodeReturn[index] as number,
  }));
}

function countSuccesses(results: readonly Pick<MazeEpisodeResult, "success">[]): number {
  return results.filter((result) => result.success).length;
}
