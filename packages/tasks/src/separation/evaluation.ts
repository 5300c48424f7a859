import { type Bundle, createRandom, type RandomStream, tensor } from "@diffusion-forcing/core";
import { codeUsage, psnr } from "@diffusion-forcing/core/metrics";
import { markovPrior } from "@diffusion-forcing/core/sampling";
import { mean } from "../intervals.js";
import type { Estimate, EvaluationContext, TaskReport } from "../task.js";
import { checkOptionValues, type OptionFile, type OptionSchemas } from "../task-options.js";
import { formatEstimate } from "../task-report.js";
import { type Heard, hear, type OpenSeparator, openSeparator, separateCodes, soundsOf } from "./separate-audio.js";
import { type Sounds, sourcesOf } from "./sources.js";
import { analyze, featuresOf } from "./spectrum.js";
import { STEP } from "./synthesizer.js";

/** How codes are searched for; `dforce separate` takes the same. */
export const searchOptions: OptionSchemas = {
  beams: { kind: "integer", summary: "pairs of sequences that the search keeps", default: 16, low: 1, high: 512 },
  likelihoodWeight: {
    kind: "number",
    summary: "how much the mixture counts beside what the sources are likely to be",
    default: 1,
    low: 0,
    high: 100,
  },
};

export const separationEvaluationOptions: OptionSchemas = {
  data: {
    kind: "file",
    summary: "for a model of chorales: chorales as for training, of which those of `test` are held out",
    maxBytes: 64_000_000,
  },
  pieces: { kind: "integer", summary: "mixtures that are separated", default: 24, low: 2, high: 1000 },
  ...searchOptions,
  seed: { kind: "integer", summary: "seed of the mixtures", default: 1000, low: 0 },
};

interface SeparationEvaluation {
  readonly data?: OptionFile;
  readonly pieces: number;
  readonly beams: number;
  readonly likelihoodWeight: number;
  readonly seed: number;
}

const methods = {
  separated: "beam search with the learned priors",
  likelihood: "the mixture's codes alone, place by place",
  random: "a random pair of codes that was heard as each mixture's",
  half: "half of the mixture for each",
  codes: "the sources' own codes: the best there is",
} as const;
type Method = keyof typeof methods;

/** Made up or held-out mixtures, separated, beside other ways to do so: peak signal-to-noise ratio of both sources. */
export async function evaluateSeparation(bundle: Bundle, context: EvaluationContext): Promise<TaskReport> {
  const options = checkOptionValues(
    "separation",
    separationEvaluationOptions,
    context.options,
  ) as unknown as SeparationEvaluation;
  const { backend, signal, onProgress } = context;
  const separator = openSeparator(bundle, backend);
  const { record } = separator;
  const sources = sourcesOf(record.world, options.data, "test");
  const random = createRandom(options.seed).split("separation evaluation");
  const steps = Math.floor(record.tokens / 2);
  const found: Record<Method, number[]> = { separated: [], likelihood: [], random: [], half: [], codes: [] };
  const right: number[] = [];
  const heardCodes: number[] = [];
  let unheard = 0;
  try {
    for (let piece = 0; piece < options.pieces; piece++) {
      onProgress?.(piece, options.pieces, "separating");
      const sounds = sources.draw(steps, random.split(piece));
      const heard = await hear(separator, sounds.mixture);
      heardCodes.push(...heard.codes);
      const truth = await ownCodes(separator, sounds);
      const search = { kind: "beam", beams: options.beams } as const;
      const given = { search, likelihoodWeight: options.likelihoodWeight, ...(signal ? { signal } : {}) };
      const separated = await separateCodes(separator, heard, given);
      unheard += separated.unheard;
      right.push(shareOfEqual(separated.first, truth.first), shareOfEqual(separated.second, truth.second));
      const flat = { ...separator, priors: uniformPriors(separator) };
      const codes: Record<Exclude<Method, "half">, { first: ArrayLike<number>; second: ArrayLike<number> }> = {
        separated,
        likelihood: await separateCodes(flat, heard, { ...given, search: { kind: "beam", beams: 1 } }),
        random: randomPairs(separator, heard, random.split(piece).split("pairs")),
        codes: truth,
      };
      for (const [method, pair] of Object.entries(codes)) {
        found[method as Method].push(quality(sounds, await soundsOf(separator, heard, pair)));
      }
      const half = sounds.mixture.map((sample) => sample / 2);
      found.half.push(quality(sounds, [half, half]));
    }
  } finally {
    await separator.dispose();
  }
  const estimates = Object.fromEntries(
    Object.entries(found).map(([method, values]) => [method, mean(values)]),
  ) as Record<Method, Estimate>;
  const usage = codeUsage({ shape: [heardCodes.length], data: heardCodes }, separator.codec.codes);
  const rightCodes = mean(right);
  const { pieces, beams, likelihoodWeight, seed } = options;
  return {
    title: `PSNR of both sources, dB: ${pieces} mixtures of ${((steps * STEP) / 8000).toFixed(1)} s, ${beams} beams, seed ${seed} (95 % interval)`,
    rows: [
      ...(Object.keys(methods) as Method[]).map(
        (method) => [methods[method], formatEstimate(estimates[method], 1, 2)] as const,
      ),
      ["codes that are the source's own", formatEstimate(rightCodes, 100, 1, "%")],
      ["perplexity of the mixtures' codes", `${usage.perplexity.toFixed(0)} of ${separator.codec.codes}`],
    ],
    document: {
      world: record.world,
      pieces,
      beams,
      likelihoodWeight,
      seed,
      psnr: estimates,
      rightCodes,
      perplexity: usage.perplexity,
      unheardFrames: unheard,
    },
    note: "A random pair is consistent with the mixture, and wrong; half of the mixture knows nothing of the sources.",
  };
}

async function ownCodes({ codec }: OpenSeparator, { first, second }: Sounds) {
  const of = async (audio: Float32Array): Promise<Int32Array> => {
    const features = featuresOf(analyze(audio));
    const bins = codec.config.features as number;
    return (await codec.encodeCodes(tensor(features, [1, features.length / bins, bins]))).data as Int32Array;
  };
  return { first: await of(first), second: await of(second) };
}

function uniformPriors({ codec: { codes } }: OpenSeparator): OpenSeparator["priors"] {
  const even = new Array<number>(codes).fill(1 / codes);
  const prior = markovPrior({ initial: even, transition: new Array(codes).fill(even) });
  return [prior, prior];
}

function randomPairs({ counts }: OpenSeparator, { codes }: Heard, random: RandomStream) {
  const pairs = Array.from(codes, (code) => {
    const { first, second } = counts.has(code) ? counts.support(code) : counts.everything();
    const n = random.integer(0, first.length);
    return [first[n] as number, second[n] as number] as const;
  });
  return { first: pairs.map(([a]) => a), second: pairs.map(([, b]) => b) };
}

/** Of both sources, samples being -1..1. */
function quality({ first, second }: Sounds, [a, b]: readonly [Float32Array, Float32Array]): number {
  const of = (found: Float32Array, truth: Float32Array): number => {
    const shape = [1, truth.length];
    return psnr({ shape, data: found }, { shape, data: truth }, 2);
  };
  return (of(a, first) + of(b, second)) / 2;
}

function shareOfEqual(found: ArrayLike<number>, truth: ArrayLike<number>): number {
  let equal = 0;
  for (let i = 0; i < truth.length; i++) if (found[i] === truth[i]) equal++;
  return equal / truth.length;
}
