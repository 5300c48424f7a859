import { createRandom, type HostTensor, type RandomStream, tensor } from "@diffusion-forcing/core";
import { breathe, throwIfAborted } from "@diffusion-forcing/core/backend";
import type { VectorQuantizerCodec } from "@diffusion-forcing/core/bundle";
import { SumCounts } from "@diffusion-forcing/core/sampling";
import type { Sources } from "./sources.js";
import { analyze, BINS, featuresOf } from "./spectrum.js";

/** What the three sounds of an excerpt are called. */
const PARTS = ["first", "second", "mixture"] as const;
type Part = (typeof PARTS)[number];

/** Codes of many excerpts, int32 [excerpts, frames] each. */
export type BankCodes = Readonly<Record<Part, HostTensor<"int32">>>;

/** Frames of many excerpts of two sources and of their sums: what codec, counts and prior learn from. */
export class SoundBank {
  /** Features [excerpts, frames, BINS] of each part. */
  readonly #features: Readonly<Record<Part, HostTensor<"float32">>>;
  readonly frames: number;

  private constructor(features: Readonly<Record<Part, HostTensor<"float32">>>) {
    this.#features = features;
    this.frames = features.mixture.shape[1] as number;
  }

  /** The same seed gives the same sounds. @throws `aborted`, `invalid-data` */
  static async of(
    sources: Sources,
    { excerpts, steps, seed }: { readonly excerpts: number; readonly steps: number; readonly seed: string },
    signal?: AbortSignal,
  ): Promise<SoundBank> {
    const random = createRandom(0).split("separation").split(seed);
    const found: Record<Part, Float32Array[]> = { first: [], second: [], mixture: [] };
    for (let i = 0; i < excerpts; i++) {
      await breathe();
      throwIfAborted(signal);
      const sounds = sources.draw(steps, random.split(i));
      for (const part of PARTS) found[part].push(featuresOf(analyze(sounds[part])));
    }
    const stacked = (list: readonly Float32Array[]): HostTensor<"float32"> => {
      const size = list[0]?.length ?? 0;
      const data = new Float32Array(list.length * size);
      for (const [i, features] of list.entries()) data.set(features, i * size);
      return tensor(data, [list.length, size / BINS, BINS]);
    };
    return new SoundBank({
      first: stacked(found.first),
      second: stacked(found.second),
      mixture: stacked(found.mixture),
    });
  }

  /** Frames from anywhere, a third of each part, [1, count, BINS]. */
  drawFrames(count: number, random: RandomStream): HostTensor<"float32"> {
    const data = new Float32Array(count * BINS);
    for (let n = 0; n < count; n++) {
      const { data: all } = this.#features[PARTS[n % PARTS.length] as Part];
      const frame = random.integer(0, all.length / BINS);
      data.set((all as Float32Array).subarray(frame * BINS, (frame + 1) * BINS), n * BINS);
    }
    return tensor(data, [1, count, BINS]);
  }

  async codes(codec: VectorQuantizerCodec): Promise<BankCodes> {
    const { first, second, mixture } = this.#features;
    return {
      first: await codec.encodeCodes(first),
      second: await codec.encodeCodes(second),
      mixture: await codec.encodeCodes(mixture),
    };
  }
}

/** Sums as they were counted over a bank. */
export function countsOf({ first, second, mixture }: BankCodes, categories: number): SumCounts {
  const counts = new SumCounts(categories);
  counts.add(first.data, second.data, mixture.data);
  return counts;
}
