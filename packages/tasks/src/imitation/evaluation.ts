import { type Bundle, createRandom, DiffusionForcingError } from "@diffusion-forcing/core";
import { codecOn } from "@diffusion-forcing/core/bundle";
import { Sampler } from "@diffusion-forcing/core/sampling";
import { proportion } from "../intervals.js";
import type { Estimate, EvaluationContext, TaskReport } from "../task.js";
import { checkOptionValues, type OptionSchemas } from "../task-options.js";
import { formatEstimate } from "../task-report.js";
import { tokensPerEpisode } from "./demonstrations.js";
import { type Episodes, type EpisodesOptions, runEpisodes } from "./episodes.js";
import { demonstrate } from "./expert.js";
import { type FruitState, isSwapped } from "./fruit-swap.js";
import { type ImitationRecord, parseImitationRecord } from "./recipe.js";
import { type Story, storyboard } from "./storyboard.js";
import { policyLevelCount } from "./training.js";
import { views } from "./view.js";

export const imitationOptions = (): OptionSchemas => ({
  episodes: { kind: "integer", summary: "how many episodes of each kind", default: 200, low: 1, high: 65_536 },
  memory: {
    kind: "integer",
    summary: "tokens that the policy with memory remembers",
    default: tokensPerEpisode,
    low: 1,
    high: tokensPerEpisode,
  },
  share: { kind: "number", summary: "share of the steps that the distractor disturbs", default: 0.2, low: 0, high: 1 },
  level: {
    kind: "integer",
    summary: "level of noise that a told policy believes disturbed steps to have",
    default: 60,
    low: 1,
    high: policyLevelCount,
  },
  batch: {
    kind: "integer",
    summary: "episodes that act together; each batch is disturbed in other steps",
    default: 25,
    low: 1,
    high: 4096,
  },
  steps: { kind: "integer", summary: "denoising steps of an action", default: 10, low: 1, high: policyLevelCount },
  seed: { kind: "integer", summary: "seed of the episodes and of the noise", default: 1000, low: 0 },
});

interface ImitationOptions {
  readonly episodes: number;
  readonly memory: number;
  readonly share: number;
  readonly level: number;
  readonly batch: number;
  readonly steps: number;
  readonly seed: number;
}

/** One way to act. */
interface Trial {
  readonly name: "withMemory" | "memoryless" | "told" | "untold" | "dream";
  readonly title: string;
  readonly settings: Pick<EpisodesOptions, "memory" | "distraction" | "dream">;
}

/** Success of a bundle's policy: with memory and without, disturbed and not, told of it and not. */
export async function evaluateImitation(bundle: Bundle, context: EvaluationContext): Promise<TaskReport> {
  const record = parseImitationRecord(bundle.task);
  const { codec } = bundle;
  if (codec === undefined) {
    throw new DiffusionForcingError("invalid-config", "The model has no codec; it was not trained by this task.");
  }
  const options = checkOptionValues("imitation", imitationOptions(), context.options) as unknown as ImitationOptions;
  const { episodes, seed, steps, share } = options;
  const { backend, signal, onProgress } = context;
  const view = views[record.view];
  const fast = codecOn(backend, codec);
  const random = createRandom(seed);
  const sampler = new Sampler(bundle.diffusion, { backend, parameters: bundle.parameters, timesteps: steps });
  const trials = trialsOf(options, record);
  const sizes = batchSizes(episodes, options.batch);
  const total = trials.length * sizes.length * tokensPerEpisode;
  let done = 0;
  const results: (readonly [Trial, readonly Episodes[]])[] = [];
  try {
    for (const trial of trials) {
      const batches: Episodes[] = [];
      for (const [i, size] of sizes.entries()) {
        const batch = await runEpisodes({
          sampler,
          codec: fast,
          view,
          episodes: size,
          seed: random.split(i),
          ...trial.settings,
          ...(signal ? { signal } : {}),
          onStep: () => onProgress?.(++done, total, trial.title),
        });
        batches.push(batch);
      }
      results.push([trial, batches]);
    }
  } finally {
    await sampler.dispose();
  }
  const measured = results.map(([trial, batches]) => [trial, successOf(trial, batches)] as const);
  const expert = expertSuccess(episodes, seed);
  return {
    title: `${episodes} episodes seen as ${record.view}, ${steps} denoising steps, ${100 * share} % of the steps disturbed, seed ${seed} (95 % intervals)`,
    rows: [
      ...measured.map(([{ title }, success]) => [title, formatEstimate(success, 100, 1, "%")] as const),
      ["the expert", formatEstimate(expert, 100, 1, "%")],
    ],
    document: {
      ...options,
      view: record.view,
      past: record.past,
      ...Object.fromEntries(measured.map(([{ name }, success]) => [name, success])),
      expert,
    },
    picture: storyboard(
      results.filter(([{ name }]) => name !== "dream").map(([trial, [first]]) => storyOf(trial, first as Episodes)),
    ),
  };
}

function trialsOf({ memory, share, level, steps }: ImitationOptions, { view, past }: ImitationRecord): Trial[] {
  const told = Math.max(1, Math.round((level * steps) / policyLevelCount));
  const plain: Trial = { name: "withMemory", title: `memory of ${memory} tokens`, settings: { memory } };
  const untold: Trial = {
    name: "untold",
    title: "disturbed, and not told",
    settings: { memory, distraction: { share, level: 0 } },
  };
  // The baseline has no way to be told.
  if (past === "clean") return [plain, untold];
  return [
    plain,
    { name: "memoryless", title: "memory of 1 token", settings: { memory: 1 } },
    {
      name: "told",
      title: `disturbed, and told: level ${level}`,
      settings: { memory, distraction: { share, level: told } },
    },
    untold,
    ...(views[view].showsSwap === undefined
      ? []
      : [{ name: "dream", title: "dreamt, without the world", settings: { memory, dream: true } } as const]),
  ];
}

/** Full batches, and one of what is left. */
function batchSizes(episodes: number, batch: number): number[] {
  return Array.from({ length: Math.ceil(episodes / batch) }, (_, i) => Math.min(batch, episodes - i * batch));
}

function successOf({ name }: Trial, batches: readonly Episodes[]): Estimate {
  const successes = batches.flatMap(({ view, states, seen }) =>
    states.map((path, i) => {
      const last = path.at(-1) as FruitState;
      const showsSwap = name === "dream" ? view.showsSwap : undefined;
      return showsSwap ? showsSwap(seen.at(-1)?.[i] as readonly number[], last.initial) : isSwapped(last);
    }),
  );
  return proportion(successes.filter(Boolean).length, successes.length);
}

/** Of as many demonstrations. */
function expertSuccess(episodes: number, seed: number): Estimate {
  const random = createRandom(seed).split("expert");
  const ends = Array.from({ length: episodes }, (_, i) => demonstrate(random.split(i)).states.at(-1) as FruitState);
  return proportion(ends.filter(isSwapped).length, episodes);
}

/** The first episode in which the policy did what it does more often than not. */
function storyOf({ title }: Trial, { states }: Episodes): Story {
  const isUsual = states.filter((path) => isSwapped(path.at(-1) as FruitState)).length * 2 >= states.length;
  const usual = states.find((path) => isSwapped(path.at(-1) as FruitState) === isUsual);
  return { title, states: usual ?? [] };
}
