import type { Bundle } from "@diffusion-forcing/core";
import { encodePng } from "../pictures/index.js";
import type { EvaluationContext, FileReport, FileWork } from "../task.js";
import { checkOptionValues, type OptionFile, type OptionSchemas } from "../task-options.js";
import { searchOptions } from "./evaluation.js";
import { hear, openSeparator, separateCodes, soundsOf } from "./separate-audio.js";
import { spectrograms } from "./spectrogram.js";
import { analyze, featuresOf } from "./spectrum.js";
import { SAMPLE_RATE } from "./synthesizer.js";
import { readWav, writeWav } from "./wav.js";

const options: OptionSchemas = {
  mixture: {
    kind: "file",
    summary: "a WAV file, at most ten minutes long; its channels are added up, its rate becomes 8 kHz",
    required: true,
    maxBytes: 256_000_000,
  },
  ...searchOptions,
  topK: {
    kind: "integer",
    summary: "draw, from as many likeliest pairs of codes at each place, instead of searching for the likeliest of all",
    low: 1,
    high: 65_536,
  },
};

const [FIRST, SECOND, PICTURE] = ["first.wav", "second.wav", "parts.png"] as const;

interface SeparatingOptions {
  readonly mixture: OptionFile;
  readonly beams: number;
  readonly likelihoodWeight: number;
  readonly topK?: number;
}

async function separateFile(
  bundle: Bundle,
  context: EvaluationContext & { readonly seed: number },
): Promise<FileReport> {
  const given = checkOptionValues("separation", options, context.options) as unknown as SeparatingOptions;
  const { backend, signal, seed } = context;
  const { mixture, beams, likelihoodWeight, topK } = given;
  const audio = readWav(mixture);
  const separator = openSeparator(bundle, backend);
  try {
    const heard = await hear(separator, audio);
    const search = topK === undefined ? ({ kind: "beam", beams } as const) : ({ kind: "sample", seed, topK } as const);
    const found = await separateCodes(separator, heard, {
      search,
      likelihoodWeight,
      ...(signal ? { signal } : {}),
      onProgress: (done, total) => context.onProgress?.(done, total),
    });
    const [first, second] = await soundsOf(separator, heard, found);
    const seconds = audio.length / SAMPLE_RATE;
    return {
      title: `${mixture.name}: ${seconds.toFixed(1)} s, ${heard.codes.length} frames, separated`,
      rows: [
        ["log probability", found.score.toFixed(1)],
        ["frames unlike any sum that was counted", `${found.unheard} of ${heard.codes.length}`],
      ],
      document: {
        seconds,
        frames: heard.codes.length,
        score: found.score,
        unheardFrames: found.unheard,
        codes: { mixture: [...heard.codes], first: [...found.first], second: [...found.second] },
      },
      files: {
        [FIRST]: writeWav(first),
        [SECOND]: writeWav(second),
        [PICTURE]: encodePng(
          spectrograms([
            { title: "mixture", features: featuresOf(heard.spectrum) },
            { title: "first", features: featuresOf(analyze(first)) },
            { title: "second", features: featuresOf(analyze(second)) },
          ]),
        ),
      },
      note: "The parts add up to the mixture, as mono at 8 kHz. Sources unlike those of its training it cannot know.",
    };
  } finally {
    await separator.dispose();
  }
}

/** A WAV file in, two out. */
export const separating: FileWork = {
  options: () => options,
  files: () => [FIRST, SECOND, PICTURE],
  run: separateFile,
};
