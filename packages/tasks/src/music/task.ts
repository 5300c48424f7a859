import { cosineSchedule, diffusionForcing, referenceBackend, transformer } from "@diffusion-forcing/core";
import type { PreparationContext, Task, TaskJob, TaskRecipe } from "../task.js";
import { checkOptionValues, type OptionFile, type OptionSchemas } from "../task-options.js";
import { type ChoraleFile, parseChorales } from "./chorales.js";
import { learnCodec } from "./codec.js";
import { evaluateMusic, musicEvaluationOptions } from "./evaluation.js";
import { longEnough } from "./excerpts.js";
import { writeMidi } from "./midi-write.js";
import { type MusicRecipe, musicPresets, parseMusicRecipe } from "./recipe.js";
import { rollFilm, rollPixels } from "./roll-film.js";
import { choralesOf } from "./symbols.js";
import { TokenBank } from "./token-bank.js";

const LEVELS = 1000;

const trainingOptions = {
  data: {
    kind: "file",
    summary: "chorales as JSON: train, valid and test, each a list of chorales in sixteenths of four MIDI numbers",
    required: true,
    maxBytes: 64_000_000,
  },
} as const satisfies OptionSchemas;

async function prepare(given: TaskRecipe, context: PreparationContext = { options: {} }): Promise<TaskJob> {
  const recipe = given as MusicRecipe;
  const { data } = checkOptionValues("music", trainingOptions, context.options) as unknown as { data: OptionFile };
  const { sixteenths, tokens, batch } = recipe.music;
  const { signal, onProgress, codecState, backend = referenceBackend() } = context;
  const chorales = longEnough(parseChorales(data satisfies ChoraleFile).train, sixteenths * tokens);
  const work = { backend, ...(signal ? { signal } : {}), ...(onProgress ? { onProgress } : {}) };
  const codec =
    context.codec ?? (await learnCodec(chorales, recipe, { ...work, ...(codecState ? { codecState } : {}) }));
  const bank = await TokenBank.of(chorales, { ...work, codec, sixteenths, tokens });
  const diffusion = diffusionForcing({
    model: transformer({
      features: recipe.codec.latentFeatures,
      ...recipe.model,
      causal: false,
      noiseEmbedding: "film",
    }),
    schedule: cosineSchedule(LEVELS),
  });
  return {
    diffusion,
    batches: (_step, random) => ({ tokens: bank.draw(batch, random) }),
    codec,
    record: { kind: "music", sixteenths, tokens },
    trainedOn: { tokens: [tokens, tokens] },
    card: { name: "music", description: "Four-voice chorales in 4/4: writes them, and fills in bars." },
    about: { chorales: chorales.length, excerpts: bank.size },
  };
}

/** Chorales of four voices: a learned codec, and a model of its tokens that writes music and fills in bars. */
export const musicTask: Task = {
  name: "music",
  summary: "four-voice chorales: write them, and fill in bars",
  presets: musicPresets,
  parseRecipe: parseMusicRecipe,
  trainingOptions,
  prepare,
  evaluationOptions: () => musicEvaluationOptions,
  evaluate: evaluateMusic,
  format: { extension: "mid", encode: (sequences) => choralesOf(sequences).map((chorale) => writeMidi(chorale)) },
  picture: (sequences) => {
    const chorales = choralesOf(sequences);
    return { film: rollFilm(chorales), still: rollPixels(chorales) };
  },
};
