import {
  type Bundle,
  type Codec,
  createRandom,
  type HostTensor,
  type RandomStream,
  tensor,
} from "@diffusion-forcing/core";
import { codecOn, type NormalizationOptions } from "@diffusion-forcing/core/bundle";
import { Sampler } from "@diffusion-forcing/core/sampling";
import { mean } from "../intervals.js";
import type { Estimate, EvaluationContext, TaskReport } from "../task.js";
import { checkOptionValues, type OptionFile, type OptionSchemas } from "../task-options.js";
import { formatEstimate } from "../task-report.js";
import { type Chorale, parseChorales } from "./chorales.js";
import { excerptOf, longEnough } from "./excerpts.js";
import { fillIn } from "./infill.js";
import { histogramOverlaps, type Nearness, passageOf, transitionDistances } from "./measures.js";
import { musicRecordOf } from "./record.js";
import { interpolate, replaceKnown } from "./rivals.js";
import { choralesOf, symbolsOf } from "./symbols.js";

export const musicEvaluationOptions: OptionSchemas = {
  data: {
    kind: "file",
    summary: "chorales as for training, of which those of `test` are held out",
    required: true,
    maxBytes: 64_000_000,
  },
  excerpts: { kind: "integer", summary: "excerpts of held-out chorales", default: 64, low: 8, high: 1024 },
  seeds: {
    kind: "integer",
    summary: "how often all is repeated, each time with other noise",
    default: 5,
    low: 2,
    high: 100,
  },
  steps: { kind: "integer", summary: "denoising steps", default: 50, low: 1, high: 1000 },
  seed: { kind: "integer", summary: "seed of the noise", default: 1000, low: 0 },
};

interface MusicOptions {
  readonly data: OptionFile;
  readonly excerpts: number;
  readonly seeds: number;
  readonly steps: number;
  readonly seed: number;
}

const methods = {
  infilling: "known bars at level 0 (Diffusion Forcing)",
  replacement: "known bars replaced by noised ones before each step",
  interpolation: "spherical interpolation of tokens",
  prior: "the codec's prior",
  codec: "the real bars through the codec: the best there is",
} as const;
type Method = keyof typeof methods;

const measures = [
  ["pitchOverlap", "pitch overlap", 3],
  ["durationOverlap", "duration overlap", 3],
  ["frechet", "Frechet distance", 2],
  ["mmd", "MMD", 4],
] as const satisfies readonly (readonly [keyof Nearness, string, number])[];

/** The middle half of held-out excerpts, filled in from both sides, beside other ways to do so. */
export async function evaluateMusic(bundle: Bundle, context: EvaluationContext): Promise<TaskReport> {
  const record = musicRecordOf(bundle);
  const options = checkOptionValues("music", musicEvaluationOptions, context.options) as unknown as MusicOptions;
  const { backend, signal, onProgress } = context;
  const codec = codecOn(backend, bundle.codec as Codec);
  const { sixteenths, tokens: length } = record;
  const excerpts = heldOut(parseChorales(options.data).test, sixteenths * length, options.excerpts);
  const missing = Array.from({ length }, (_, t) => t >= Math.floor(length / 4) && t < Math.floor((3 * length) / 4));
  const real = await codec.encode(symbolsOf(excerpts));
  const realPassages = excerpts.map((excerpt) => passageOf(excerpt, missing, sixteenths));
  const { diffusion, parameters } = bundle;
  const sampler = new Sampler(diffusion, { backend, parameters, timesteps: options.steps });
  const fill: Record<Method, (random: RandomStream) => Promise<HostTensor>> = {
    infilling: (random) => fillIn(sampler, real, missing, random, signal ? { signal } : {}),
    replacement: (random) => replaceKnown(sampler, real, missing, random, signal),
    interpolation: async () => interpolate(real, missing),
    prior: async (random) => fromPrior(codec, real, missing, random),
    codec: async () => real,
  };
  const found = Object.fromEntries(Object.keys(methods).map((name) => [name, []])) as unknown as Record<
    Method,
    Nearness[]
  >;
  try {
    let done = 0;
    for (let run = 0; run < options.seeds; run++) {
      const random = createRandom(options.seed).split(run);
      for (const method of Object.keys(methods) as Method[]) {
        onProgress?.(done++, options.seeds * Object.keys(methods).length, `${method}, seed ${run + 1}`);
        const filled = await fill[method](random.split(method));
        // As music, and read again: tokens that stand for the same notes count as the same.
        const heard = choralesOf(await codec.decode(filled));
        const again = await codec.encode(symbolsOf(withContext(heard, excerpts, missing, sixteenths)));
        found[method].push({
          ...histogramOverlaps(
            heard.map((chorale) => passageOf(chorale, missing, sixteenths)),
            realPassages,
          ),
          ...transitionDistances(again, real, missing),
        });
      }
    }
  } finally {
    await sampler.dispose();
  }
  return reportOf(options, excerpts.length, found);
}

/** Excerpts one after the other, from as many chorales as there are before any gives a second one. */
function heldOut(chorales: readonly Chorale[], length: number, count: number): Chorale[] {
  const kept = longEnough(chorales, length);
  const rounds = Math.max(...kept.map((chorale) => Math.floor(chorale.length / length)));
  const all = Array.from({ length: rounds }, (_, round) =>
    kept
      .filter((chorale) => chorale.length >= (round + 1) * length)
      .map((chorale) => excerptOf(chorale, round * length, length)),
  ).flat();
  return all.slice(0, count);
}

/** Passages in their excerpts, whose known bars are what they were. */
function withContext(
  heard: readonly Chorale[],
  excerpts: readonly Chorale[],
  missing: readonly boolean[],
  sixteenths: number,
): Chorale[] {
  return heard.map(({ pitches }, i) => {
    const excerpt = excerpts[i] as Chorale;
    const size = excerpt.pitches.length / missing.length;
    const whole = excerpt.pitches.map((pitch, at) =>
      missing[Math.floor(at / size)] ? (pitches[at] as number) : pitch,
    );
    return { pitches: whole, length: sixteenths * missing.length };
  });
}

/** Tokens of the autoencoder's prior, N(0, 1) before the normalisation. */
function fromPrior(codec: Codec, tokens: HostTensor, missing: readonly boolean[], random: RandomStream): HostTensor {
  const { mean: centre, std } = (codec.config.codecs as readonly unknown[]).at(-1) as NormalizationOptions;
  const [batch, length, features] = tokens.shape as [number, number, number];
  const data = Float32Array.from(tokens.data, (known, i) => {
    const feature = i % features;
    if (!missing[Math.floor(i / features) % length]) return known;
    return (random.normal() - (centre[feature] as number)) / (std[feature] as number);
  });
  return tensor(data, [batch, length, features]);
}

function reportOf(options: MusicOptions, excerpts: number, found: Readonly<Record<Method, Nearness[]>>): TaskReport {
  const document: Record<string, Record<string, Estimate>> = {};
  const rows = (Object.entries(methods) as [Method, string][]).map(([method, name]): readonly [string, string] => {
    const estimates = measures.map(([measure, label, digits]) => {
      const estimate = mean(found[method].map((nearness) => nearness[measure]));
      document[method] = { ...document[method], [measure]: estimate };
      return `${label} ${formatEstimate(estimate, 1, digits)}`;
    });
    return [name, estimates.join(", ")];
  });
  const { data: _, ...told } = options;
  return {
    title: `the middle half of ${excerpts} held-out excerpts filled in, ${options.seeds} seeds from ${options.seed}, ${options.steps} steps (95 % intervals over seeds)`,
    rows,
    document: { ...told, excerpts, ...document },
    note: "Overlaps: higher is nearer to the real bars; distances, of transitions between tokens: lower is nearer. What draws nothing at random is the same for every seed.",
  };
}
