import {
  autoregressive,
  type Bundle,
  createRandom,
  diffusionForcing,
  fullSequence,
  schedulingMatrix,
  transformer,
} from "@diffusion-forcing/core";
import { check, schemas } from "@diffusion-forcing/core/backend";
import { categoricalCodec } from "@diffusion-forcing/core/bundle";
import { evidenceLowerBoundStream } from "@diffusion-forcing/core/likelihood";
import { discreteBayesianFlow } from "@diffusion-forcing/core/process";
import { Sampler } from "@diffusion-forcing/core/sampling";
import * as v from "valibot";
import { trainingSchema, transformerSizeSchema } from "../recipe-schemas.js";
import type { EvaluationContext, PreparationContext, Task, TaskJob, TaskRecipe, TaskReport } from "../task.js";
import { checkOptionValues, type OptionFile, type OptionSchema, type OptionSchemas } from "../task-options.js";
import { formatEstimate } from "../task-report.js";
import { corpusOf, randomWindows, spreadWindows } from "./text.js";

/** What a recipe says of the windows and of the model. */
export interface LanguageRecipe extends TaskRecipe {
  readonly window: { readonly length: number; readonly batch: number };
  readonly model: { readonly width: number; readonly layers: number; readonly heads: number };
}

const recipeSchema = v.strictObject({
  window: v.strictObject({ length: schemas.integer(2, 4096), batch: schemas.integer(1, 4096) }),
  model: transformerSizeSchema,
  training: trainingSchema,
});

const recordSchema = v.strictObject({
  kind: v.literal("language", '"language"'),
  alphabet: schemas.satisfying<string>("a text of 2 to 512 characters", (value) => {
    return typeof value === "string" && value.length >= 2 && value.length <= 1024;
  }),
  length: schemas.integer(2, 4096),
});

const data: OptionSchema = {
  kind: "file",
  summary: "a text in UTF-8; its last tenth is held out",
  required: true,
  maxBytes: 2 ** 28,
};

async function prepare(given: TaskRecipe, context: PreparationContext = { options: {} }): Promise<TaskJob> {
  const { window, model } = given as LanguageRecipe;
  const options = checkOptionValues("language", { data }, context.options);
  const { alphabet, training } = corpusOf(options.data as OptionFile, window.length);
  const categories = Array.from(alphabet).length;
  const codec = categoricalCodec({ categories });
  return {
    diffusion: diffusionForcing({
      model: transformer({ features: categories, causal: false, ...model }),
      process: discreteBayesianFlow({ categories }),
    }),
    codec,
    batches: (_step, random) => ({
      tokens: codec.encode(randomWindows(training, window.batch, window.length, random)),
    }),
    record: { kind: "language", alphabet, length: window.length },
    trainedOn: { tokens: [window.length, window.length] },
    card: {
      name: "language",
      description: `A Bayesian flow over ${categories} characters, windows of ${window.length}.`,
    },
    about: { characters: training.length, categories },
  };
}

const evaluationOptions = (): OptionSchemas => ({
  data,
  windows: { kind: "integer", summary: "how many held-out windows are scored", default: 64, low: 2, high: 100_000 },
  steps: {
    kind: "integer",
    summary: "levels that the bound adds up over, for each character",
    default: 200,
    low: 1,
    high: 1000,
  },
  order: {
    kind: "choice",
    summary: "whether characters become known together or one after the other",
    choices: ["full-sequence", "autoregressive"],
    default: "full-sequence",
  },
  seed: { kind: "integer", summary: "seed of the noise", default: 0, low: 0 },
});

interface LanguageOptions {
  readonly data: OptionFile;
  readonly windows: number;
  readonly steps: number;
  readonly order: string;
  readonly seed: number;
}

async function evaluate(bundle: Bundle, context: EvaluationContext): Promise<TaskReport> {
  const record = check("A model of language", recordSchema, bundle.task, "invalid-config");
  const options = checkOptionValues("language", evaluationOptions(), context.options) as unknown as LanguageOptions;
  const { diffusion, parameters } = bundle;
  const { backend, signal, onProgress } = context;
  const { alphabet, length } = record;
  const { windows, steps, order, seed } = options;
  const characters = Array.from(alphabet);
  const codec = categoricalCodec({ categories: characters.length });
  const { heldOut } = corpusOf(options.data, length, alphabet);
  const matrix = order === "autoregressive" ? autoregressive() : fullSequence();
  const random = createRandom(seed);
  let nats: ArrayLike<number> = [];
  for await (const progress of evidenceLowerBoundStream(diffusion, {
    backend,
    parameters,
    tokens: codec.encode(spreadWindows(heldOut, windows, length)),
    timesteps: steps,
    rows: schedulingMatrix(matrix, steps, length).rows,
    seed: random.split("bound"),
    ...(signal ? { signal } : {}),
  })) {
    onProgress?.(progress.step, progress.steps);
    if (progress.result) ({ nats } = progress.result);
  }
  const bits = Array.from(nats, (value) => -value / length / Math.LN2);
  const mean = bits.reduce((sum, value) => sum + value, 0) / bits.length;
  const variance = bits.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (bits.length - 1);
  const error = 1.96 * Math.sqrt(variance / bits.length);
  const bitsPerCharacter = { value: mean, low: mean - error, high: mean + error };
  const sampler = new Sampler(diffusion, { backend, parameters, timesteps: Math.min(steps, 100) });
  const drawn = codec.decode(await sampler.sample({ length, seed: random.split("sample") }));
  await sampler.dispose();
  const sample = Array.from(drawn.data, (symbol) => characters[symbol]).join("");
  return {
    title: `${windows} held-out windows of ${length} characters, ${order}, ${steps} levels, seed ${seed} (95 % interval)`,
    rows: [
      ["bits per character, at most", formatEstimate(bitsPerCharacter, 1, 3)],
      ["a sample", JSON.stringify(sample)],
    ],
    document: { windows, steps, order, seed, bitsPerCharacter, sample },
    note: "A bound: the model's own bits per character are no more.",
  };
}

const recipe = (window: LanguageRecipe["window"], model: LanguageRecipe["model"], steps: number): LanguageRecipe => ({
  window,
  model,
  training: { steps, learningRate: 2e-3, schedule: { kind: "cosine", warmupSteps: 100 }, emaDecay: 0.99 },
});

/** Characters of a text by a Bayesian flow (Graves et al. 2023): every character has an accuracy of its own. */
export const languageTask: Task = {
  name: "language",
  summary: "characters of a text of yours by a Bayesian flow, in bits per character",
  presets: {
    quick: recipe({ length: 32, batch: 16 }, { width: 64, layers: 2, heads: 4 }, 1500),
    small: recipe({ length: 64, batch: 16 }, { width: 128, layers: 3, heads: 4 }, 2000),
  },
  parseRecipe: (value) => check("recipe", recipeSchema, value, "invalid-config") as LanguageRecipe,
  trainingOptions: { data },
  prepare,
  evaluationOptions,
  evaluate,
};
