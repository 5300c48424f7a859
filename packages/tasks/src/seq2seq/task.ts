import { type Bundle, createRandom, diffusionForcing, tensor, transformer } from "@diffusion-forcing/core";
import { check, schemas, throwIfAborted } from "@diffusion-forcing/core/backend";
import { discreteBayesianFlow } from "@diffusion-forcing/core/process";
import { ctcBeam, ctcGreedy } from "@diffusion-forcing/core/sampling";
import { queryCtcTraining } from "@diffusion-forcing/core/training";
import * as v from "valibot";
import { pairedRatio, proportion } from "../intervals.js";
import { trainingSchema, transformerSizeSchema } from "../recipe-schemas.js";
import type {
  EvaluationContext,
  SampledPart,
  SamplingContext,
  Task,
  TaskJob,
  TaskRecipe,
  TaskReport,
  TaskSampling,
} from "../task.js";
import { checkOptionValues, type OptionSchemas } from "../task-options.js";
import { formatEstimate } from "../task-report.js";
import { positionwiseTraining } from "./cross-entropy.js";
import { editDistance } from "./edit-distance.js";
import { saidOf } from "./outputs.js";
import { contextTokens, type PairSizes, reversalPairs } from "./pairs.js";

interface Seq2seqRecipe extends TaskRecipe {
  readonly data: PairSizes & { readonly batch: number };
  /** N: places that may say a symbol; as many as the longest target has or more. */
  readonly queries: number;
  readonly loss: Loss;
  readonly model: { readonly width: number; readonly layers: number; readonly heads: number };
}

/** Over all alignments, or the n-th query against the n-th symbol. */
type Loss = "ctc" | "cross-entropy";

const sizes = {
  symbols: schemas.integer(2, 256),
  longest: schemas.integer(2, 256),
  queries: schemas.integer(2, 512),
  loss: schemas.choice("ctc", "cross-entropy"),
};
const recipeSchema = v.strictObject({
  data: v.strictObject({ symbols: sizes.symbols, longest: sizes.longest, batch: schemas.integer(1, 4096) }),
  queries: sizes.queries,
  loss: sizes.loss,
  model: transformerSizeSchema,
  training: trainingSchema,
});
const recordSchema = v.strictObject({ kind: v.literal("seq2seq", '"seq2seq"'), ...sizes });

async function prepare(given: TaskRecipe): Promise<TaskJob> {
  const { data, queries, loss, model } = given as Seq2seqRecipe;
  const { symbols, longest, batch } = data;
  // Tokens are one-hot over nothing and the symbols: a discrete flow, whose level K knows nothing of a token. One level is
  // all that one pass takes.
  const diffusion = diffusionForcing({
    model: transformer({ features: symbols + 1, causal: false, ...model }),
    process: discreteBayesianFlow({ categories: symbols + 1, levels: 1 }),
  });
  const subject = { model: diffusion.model, categories: symbols, queries };
  return {
    diffusion,
    trainable: loss === "ctc" ? queryCtcTraining(subject) : positionwiseTraining(subject),
    batches: (_step, random) => {
      const pairs = reversalPairs(batch, data, random);
      return {
        tokens: contextTokens(
          pairs.map(({ context }) => context),
          data,
        ),
        targets: pairs.map(({ target }) => target),
      };
    },
    record: { kind: "seq2seq", symbols, longest, queries, loss },
    card: {
      name: "seq2seq",
      description: `Contexts of up to ${longest} of ${symbols} symbols read backwards, repeats joined, in one pass of ${queries} queries.`,
    },
    about: { symbols, longest, queries, loss },
  };
}

function evaluationOptions(): OptionSchemas {
  return {
    cases: { kind: "integer", summary: "how many contexts are put to the model", default: 500, low: 2, high: 100_000 },
    beam: { kind: "integer", summary: "prefixes that beam search keeps", default: 8, low: 1, high: 1000 },
    normalization: {
      kind: "number",
      summary: "alpha of length normalisation: hypotheses by log probability / length^alpha",
      default: 0.5,
      low: 0,
      high: 10,
    },
    seed: { kind: "integer", summary: "seed of the contexts", default: 1000, low: 0 },
  };
}

/** Contexts in one run. */
const TOGETHER = 250;

async function evaluate(bundle: Bundle, context: EvaluationContext): Promise<TaskReport> {
  const record = check("A model of sequences to sequences", recordSchema, bundle.task, "invalid-config");
  const options = checkOptionValues("seq2seq", evaluationOptions(), context.options);
  const { cases, beam, normalization, seed } = options as Readonly<Record<string, number>> as {
    readonly [name in "cases" | "beam" | "normalization" | "seed"]: number;
  };
  const { backend, signal, onProgress } = context;
  const pairs = reversalPairs(cases, record, createRandom(seed));
  const decoders = decodersOf(record.loss, beam, normalization);
  const errors = Object.keys(decoders).map((name) => [name, [] as number[]] as const);
  for (let from = 0; from < cases; from += TOGETHER) {
    throwIfAborted(signal);
    const part = pairs.slice(from, from + TOGETHER);
    const tokens = contextTokens(
      part.map((pair) => pair.context),
      record,
    );
    const said = await saidOf(backend, bundle.diffusion.model, bundle.parameters, tokens, record.queries);
    for (const [b, { target }] of part.entries()) {
      for (const [name, list] of errors) {
        const decode = decoders[name] as Decoder;
        list.push(editDistance(decode(said[b] as number[][]), target));
      }
    }
    onProgress?.(Math.min(from + TOGETHER, cases), cases);
  }
  const lengths = pairs.map(({ target }) => target.length);
  const found = Object.fromEntries(
    errors.map(([name, list]) => [
      name,
      {
        exact: proportion(list.filter((wrong) => wrong === 0).length, cases),
        symbolErrors: pairedRatio(list, lengths),
      },
    ]),
  );
  return {
    title: `${cases} contexts of 2 to ${record.longest} symbols, loss ${record.loss}, seed ${seed} (95 % intervals)`,
    rows: Object.entries(found).flatMap(([name, { exact, symbolErrors }]) => [
      [`${name}: whole sequence right`, formatEstimate(exact, 100, 1, "%")] as const,
      [`${name}: wrong symbols`, formatEstimate(symbolErrors, 100, 1, "%")] as const,
    ]),
    document: { cases, seed, loss: record.loss, beam, normalization, decoding: found },
    note: "Wrong symbols: insertions, deletions and replacements, by the symbols of the targets.",
  };
}

type Decoder = (said: readonly number[][]) => readonly number[];

/** A model that was trained position by position has one way to be read; alignments have three. */
function decodersOf(loss: Loss, width: number, lengthNormalization: number): Readonly<Record<string, Decoder>> {
  if (loss === "cross-entropy") return { greedy: spoken };
  return {
    greedy: ctcGreedy,
    beam: (said) => ctcBeam(said, { width })[0]?.symbols ?? [],
    normalized: (said) => ctcBeam(said, { width, lengthNormalization })[0]?.symbols ?? [],
  };
}

/** The likeliest symbol of each query, those that say nothing left out. */
function spoken(said: readonly number[][]): number[] {
  return said.map((row) => row.indexOf(Math.max(...row)) - 1).filter((symbol) => symbol >= 0);
}

const sampling: TaskSampling = {
  model: "seq2seq",
  options: () => ({}),
  /** Contexts, then what is said of them: symbols from 1, and 0 after the end. */
  async *stream(bundle: Bundle, { backend, batch, seed }: SamplingContext): AsyncGenerator<SampledPart> {
    const record = check("A model of sequences to sequences", recordSchema, bundle.task, "invalid-config");
    const contexts = reversalPairs(batch, record, createRandom(seed)).map(({ context }) => context);
    const rows = (sequences: readonly (readonly number[])[], length: number) =>
      tensor(
        sequences.flatMap((sequence) => Array.from({ length }, (_, i) => (sequence[i] ?? -1) + 1)),
        [batch, length, 1],
      );
    yield { sequences: rows(contexts, record.longest), isGiven: true };
    const tokens = contextTokens(contexts, record);
    const said = await saidOf(backend, bundle.diffusion.model, bundle.parameters, tokens, record.queries);
    const decode = decodersOf(record.loss, 8, 0).greedy as Decoder;
    yield {
      sequences: rows(
        said.map((rows) => decode(rows as number[][])),
        record.queries,
      ),
      isGiven: false,
    };
  },
};

const recipe = (loss: Loss, steps = 600): Seq2seqRecipe => ({
  data: { symbols: 6, longest: 12, batch: 32 },
  queries: 12,
  loss,
  model: { width: 32, layers: 2, heads: 4 },
  training: { steps, learningRate: 3e-3, schedule: { kind: "cosine", warmupSteps: 50 }, emaDecay: 0.99 },
});

/** Sequence to sequence in one pass, on a toy language: query-CTC, and position-wise cross-entropy beside it. */
export const seq2seqTask: Task = {
  name: "seq2seq",
  summary: "say sequences of any length in one pass: symbols read backwards, repeats joined",
  presets: { quick: recipe("ctc"), reversal: recipe("ctc", 2000), "quick-positions": recipe("cross-entropy") },
  parseRecipe(value) {
    const parsed = check("recipe", recipeSchema, value, "invalid-config") as Seq2seqRecipe;
    // No symbol of a target repeats, so that each takes one query.
    check("recipe: queries", schemas.integer(parsed.data.longest), parsed.queries, "invalid-config");
    return parsed;
  },
  prepare,
  evaluationOptions,
  evaluate,
  sampling,
};
