import { type Codec, type HostTensor, type RandomStream, tensor } from "@diffusion-forcing/core";
import { breathe, throwIfAborted } from "@diffusion-forcing/core/backend";
import { BEAT, type Chorale } from "./chorales.js";
import { excerptOf, keysOf } from "./excerpts.js";
import { symbolsOf, transposed } from "./symbols.js";

/** How many tokens are encoded at once. */
const AT_ONCE = 256;

export interface TokenBankOptions {
  readonly codec: Codec;
  /** Sixteenths of a token. */
  readonly sixteenths: number;
  /** Tokens of an excerpt. */
  readonly tokens: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number, note?: string) => void;
}

/** A chorale in one key: the token that begins at each of its beats. */
interface Song {
  /** [beats, D] */
  readonly data: Float32Array;
  /** Beats at which a whole excerpt begins. */
  readonly starts: number;
}

/**
 * All tokens of chorales, in every key that the voices allow, encoded once: a codec costs more than a step of training
 * otherwise. Tokens are encoded alone, so that an excerpt may begin on any beat.
 */
export class TokenBank {
  readonly #songs: readonly Song[];
  readonly #features: number;
  readonly #options: TokenBankOptions;
  readonly #all: number;

  private constructor(songs: readonly Song[], features: number, options: TokenBankOptions) {
    this.#songs = songs;
    this.#features = features;
    this.#options = options;
    this.#all = songs.reduce((sum, { starts }) => sum + starts, 0);
  }

  /** Excerpts there are. */
  get size(): number {
    return this.#all;
  }

  /** @param chorales as long as an excerpt, at least. @throws `aborted` */
  static async of(chorales: readonly Chorale[], options: TokenBankOptions): Promise<TokenBank> {
    const { codec, sixteenths, tokens, signal, onProgress } = options;
    const versions = chorales.flatMap((chorale) => keysOf(chorale).map((key) => ({ chorale, key })));
    const songs: Song[] = [];
    let features = 0;
    for (const [done, { chorale, key }] of versions.entries()) {
      await breathe();
      throwIfAborted(signal);
      const moved = transposed(chorale, key);
      const beats = Math.floor((moved.length - sixteenths) / BEAT) + 1;
      const parts: Float32Array[] = [];
      for (let first = 0; first < beats; first += AT_ONCE) {
        const some = Array.from({ length: Math.min(AT_ONCE, beats - first) }, (_, i) =>
          excerptOf(moved, (first + i) * BEAT, sixteenths),
        );
        parts.push((await codec.encode(symbolsOf(some))).data);
      }
      features = (parts[0] as Float32Array).length / Math.min(AT_ONCE, beats);
      const data = new Float32Array(beats * features);
      parts.forEach((part, i) => {
        data.set(part, i * AT_ONCE * features);
      });
      songs.push({ data, starts: Math.floor((moved.length - sixteenths * tokens) / BEAT) + 1 });
      onProgress?.(done + 1, versions.length, "encoding the music");
    }
    return new TokenBank(songs, features, options);
  }

  /** Random excerpts, each as likely as any other, float32 [count, tokens, D]. */
  draw(count: number, random: RandomStream): HostTensor<"float32"> {
    const { sixteenths, tokens } = this.#options;
    const features = this.#features;
    const all = new Float32Array(count * tokens * features);
    for (let i = 0; i < count; i++) {
      let at = random.integer(0, this.#all);
      const song = this.#songs.find(({ starts }) => {
        if (at < starts) return true;
        at -= starts;
        return false;
      }) as Song;
      for (let token = 0; token < tokens; token++) {
        const row = at + (token * sixteenths) / BEAT;
        all.set(song.data.subarray(row * features, (row + 1) * features), (i * tokens + token) * features);
      }
    }
    return tensor(all, [count, tokens, features]);
  }
}
