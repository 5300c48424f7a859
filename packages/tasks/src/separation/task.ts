import {
  cosineSchedule,
  diffusionForcing,
  type HostTensor,
  type RandomStream,
  referenceBackend,
  tensor,
  transformer,
} from "@diffusion-forcing/core";
import { asVectorQuantizer } from "@diffusion-forcing/core/bundle";
import { tokenPrediction } from "@diffusion-forcing/core/process";
import type { PreparationContext, Task, TaskJob, TaskRecipe } from "../task.js";
import { checkOptionValues, type OptionFile, type OptionSchemas } from "../task-options.js";
import { learnCodec } from "./codec.js";
import { evaluateSeparation, separationEvaluationOptions } from "./evaluation.js";
import { parseSeparationRecipe, type SeparationRecipe, separationPresets } from "./recipe.js";
import { encodeCounts, type SeparationRecord } from "./record.js";
import { separating } from "./separating.js";
import { type BankCodes, countsOf, SoundBank } from "./sound-bank.js";
import { sourcesOf } from "./sources.js";
import { priorLevels, unknownMask } from "./training-levels.js";

const LEVELS = 100;

const trainingOptions = {
  data: {
    kind: "file",
    summary:
      "for the world of chorales: chorales as JSON: train, valid and test, each a list of chorales in sixteenths",
    maxBytes: 64_000_000,
  },
} as const satisfies OptionSchemas;

async function prepare(given: TaskRecipe, context: PreparationContext = { options: {} }): Promise<TaskJob> {
  const recipe = given as SeparationRecipe;
  const { data } = checkOptionValues("separation", trainingOptions, context.options) as { data?: OptionFile };
  const { world, steps, excerpts, batch } = recipe.sounds;
  const { signal, onProgress, codecState, backend = referenceBackend() } = context;
  const sources = sourcesOf(world, data, "train");
  onProgress?.(0, 1, "sounds");
  const bank = await SoundBank.of(sources, { excerpts, steps, seed: "training" }, signal);
  const work = { backend, ...(signal ? { signal } : {}), ...(onProgress ? { onProgress } : {}) };
  const codec =
    context.codec === undefined
      ? await learnCodec(bank, recipe, { ...work, ...(codecState ? { codecState } : {}) })
      : asVectorQuantizer(context.codec);
  onProgress?.(1, 1, "codes");
  const codes = await bank.codes(codec);
  const counts = countsOf(codes, codec.codes);
  const diffusion = diffusionForcing({
    model: transformer({
      features: recipe.codec.latentFeatures,
      outputs: codec.codes,
      conditionFeatures: 2,
      ...recipe.model,
    }),
    process: tokenPrediction({ codebook: codec.codebook, schedule: cosineSchedule(LEVELS) }),
  });
  const record: SeparationRecord = {
    kind: "separation",
    world,
    tokens: bank.frames,
    counts: encodeCounts(counts),
  };
  return {
    diffusion,
    codec,
    batches: (_step, random) => {
      const drawn = drawSequences(codes, batch, random);
      const sizes = { batch, tokens: bank.frames, levels: LEVELS };
      const noiseLevels = priorLevels(random.split("levels"), sizes);
      return {
        tokens: codec.tokensOf(drawn.codes),
        condition: drawn.condition,
        noiseLevels,
        lossMask: unknownMask(noiseLevels),
      };
    },
    record,
    trainedOn: { tokens: [bank.frames, bank.frames] },
    card: { name: "separation", description: `Two sources of one sound: ${world}.` },
    about: { world, excerpts, pairs: counts.pairs },
  };
}

/** Sequences of either source, int32 [batch, T], with which it is, float32 [batch, T, 2]. */
function drawSequences(bank: BankCodes, batch: number, random: RandomStream) {
  const [excerpts, length] = bank.first.shape as [number, number];
  const codes = new Int32Array(batch * length);
  const condition = new Float32Array(batch * length * 2);
  for (let b = 0; b < batch; b++) {
    const source = b % 2;
    const from: HostTensor<"int32"> = source === 0 ? bank.first : bank.second;
    const excerpt = random.integer(0, excerpts);
    codes.set(from.data.subarray(excerpt * length, (excerpt + 1) * length), b * length);
    for (let t = 0; t < length; t++) condition[(b * length + t) * 2 + source] = 1;
  }
  return { codes: tensor(codes, [batch, length]), condition: tensor(condition, [batch, length, 2]) };
}

/**
 * Two sources of one sound (latent autoregressive source separation, Postolache et al. 2023): codes of frames, counted sums
 * of them, and a diffusion of codes as the prior of each source.
 */
export const separationTask: Task = {
  name: "separation",
  summary: "take the sum of two sounds apart: made-up melodies, or soprano and bass of chorales",
  presets: separationPresets,
  parseRecipe: parseSeparationRecipe,
  trainingOptions,
  prepare,
  evaluationOptions: () => separationEvaluationOptions,
  evaluate: evaluateSeparation,
  separating,
};
