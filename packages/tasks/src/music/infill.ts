import {
  type Backend,
  type Bundle,
  type Codec,
  createRandom,
  DiffusionForcingError,
  fullSequence,
  type HostTensor,
  type RandomStream,
  schedulingMatrix,
  tensor,
} from "@diffusion-forcing/core";
import { check, schemas } from "@diffusion-forcing/core/backend";
import { codecOn } from "@diffusion-forcing/core/bundle";
import { Sampler } from "@diffusion-forcing/core/sampling";
import * as v from "valibot";
import { optionSchemas } from "../option-schemas.js";
import { BAR, type Chorale, checkChorale, VOICES } from "./chorales.js";
import { excerptOf } from "./excerpts.js";
import { musicRecordOf } from "./record.js";
import { choralesOf, symbolsOf } from "./symbols.js";

/**
 * Fills tokens in: those that are missing start as noise and are denoised together, the others stay at level 0, which is
 * all that says they are known.
 *
 * @param tokens [B, T, D]; what the missing ones hold does not matter.
 * @param missing for each of the T tokens.
 */
export async function fillIn(
  sampler: Sampler,
  tokens: HostTensor,
  missing: readonly boolean[],
  random: RandomStream,
  { signal, onProgress }: Pick<InfillOptions, "signal" | "onProgress"> = {},
): Promise<HostTensor> {
  const [batch, length, features] = tokens.shape as [number, number, number];
  const places = missing.flatMap((isMissing, t) => (isMissing ? [t] : []));
  const data = Float32Array.from(tokens.data);
  const noise = new Float32Array(features);
  const drawn = random.split("start");
  for (let b = 0; b < batch; b++) {
    for (const t of places) {
      drawn.fillNormal(noise, { clip: sampler.diffusion.process.noiseClip });
      data.set(noise, (b * length + t) * features);
    }
  }
  const { rows } = schedulingMatrix(fullSequence(), sampler.timesteps, places.length);
  let filled: HostTensor = tensor(data, [batch, length, features]);
  const walk = sampler.denoiseStream({
    tokens: filled,
    rows: rows.map((row) => {
      const whole = new Int32Array(length);
      places.forEach((t, i) => {
        whole[t] = row[i] as number;
      });
      return whole;
    }),
    seed: random.split("steps"),
    ...(signal ? { signal } : {}),
  });
  for await (const { step, steps, read } of walk) {
    onProgress?.(step, steps);
    if (step >= steps) filled = await read();
  }
  return filled;
}

export interface InfillOptions {
  readonly backend: Backend;
  /** What is known. */
  readonly chorale: Chorale;
  /** The first and the last bar to fill in, counted from 1. What they hold does not matter. */
  readonly bars: readonly [first: number, last: number];
  /** How many versions. Default 1. */
  readonly samples?: number;
  readonly seed: number | RandomStream;
  /** Denoising steps. Default 50. */
  readonly steps?: number;
  readonly signal?: AbortSignal;
  /** Told after each run of the model how many denoising steps are done. */
  readonly onProgress?: (done: number, total: number) => void;
}

const optionsSchema = v.strictObject({
  backend: optionSchemas.backend,
  chorale: schemas.having<Chorale>("a chorale, as readMidi() reads one", "pitches", "length"),
  bars: schemas.satisfying<readonly [number, number]>(
    "the numbers of the first and the last bar",
    (value) => Array.isArray(value) && value.length === 2 && value.every(Number.isSafeInteger),
  ),
  samples: v.optional(schemas.integer(1, 65_536), 1),
  seed: optionSchemas.seed,
  steps: v.optional(schemas.integer(1), 50),
  signal: optionSchemas.signal,
  onProgress: optionSchemas.callback<InfillOptions["onProgress"]>(),
});

/**
 * Chorales with bars filled in: as they were but for these bars. The model reads as much around them as an excerpt of its
 * training holds.
 *
 * @throws `invalid-config` for a model of another task, for the chorale as `writeMidi`, `invalid-argument` for bars that there are not, or more of them
 *   than the model can see, `aborted`
 */
export async function infill(bundle: Bundle, options: InfillOptions): Promise<Chorale[]> {
  const { backend, chorale, bars, samples, seed, steps } = check("infill", optionsSchema, options);
  checkChorale("infill: the chorale", chorale);
  const record = musicRecordOf(bundle);
  const { sixteenths } = record;
  const gap = gapOf(chorale, bars, record);
  const codec = codecOn(backend, bundle.codec as Codec);
  const { first, tokens } = windowAround(chorale, gap, record);
  const start = first * sixteenths;
  const excerpt = excerptOf(chorale, start, tokens * sixteenths);
  const known = await codec.encode(symbolsOf(new Array<Chorale>(samples).fill(excerpt)));
  const missing = Array.from({ length: tokens }, (_, t) => first + t >= gap.first && first + t < gap.end);
  const { diffusion, parameters } = bundle;
  const sampler = new Sampler(diffusion, { backend, parameters, timesteps: steps });
  try {
    const filled = await fillIn(sampler, known, missing, createRandom(seed), options);
    const decoded = choralesOf(await codec.decode(filled));
    return decoded.map(({ pitches }) => {
      const whole = Int8Array.from(chorale.pitches);
      // What was given stays as it was: a codec is not exact.
      const [from, to] = [gap.first * sixteenths, gap.end * sixteenths];
      whole.set(pitches.subarray((from - start) * VOICES, (to - start) * VOICES), from * VOICES);
      return { pitches: whole, length: chorale.length };
    });
  } finally {
    await sampler.dispose();
  }
}

interface Stretch {
  readonly first: number;
  /** Behind the last. */
  readonly end: number;
}

/** The tokens of the bars. */
function gapOf(
  { length }: Chorale,
  [first, last]: readonly [number, number],
  { sixteenths, tokens }: { readonly sixteenths: number; readonly tokens: number },
): Stretch {
  const count = Math.floor(length / BAR);
  if (!(first >= 1 && last >= first && last <= count) || !Number.isInteger(first) || !Number.isInteger(last)) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `infill: the bars are ${first} to ${last}; expected the first before the last, from 1 to ${count}.`,
    );
  }
  const seen = Math.floor((tokens * sixteenths) / BAR);
  const wanted = last - first + 1;
  const most = wanted === count ? seen : seen - 1;
  if (wanted > most) {
    throw new DiffusionForcingError(
      "invalid-argument",
      `infill: bars ${first} to ${last} are ${wanted}; the model sees ${seen} at once, of which it has to know one. Fill in ${most} at a time.`,
    );
  }
  return {
    first: Math.floor(((first - 1) * BAR) / sixteenths),
    end: Math.ceil((last * BAR) / sixteenths),
  };
}

/** As many tokens as an excerpt has, the gap in their middle as far as the chorale goes. */
function windowAround(
  { length }: Chorale,
  { first, end }: Stretch,
  { sixteenths, tokens }: { readonly sixteenths: number; readonly tokens: number },
): { readonly first: number; readonly tokens: number } {
  const all = Math.floor(length / sixteenths);
  const size = Math.min(tokens, all);
  const centred = Math.round((first + end - size) / 2);
  return { first: Math.max(0, Math.min(centred, all - size)), tokens: size };
}
