import { type HostTensor, tensor } from "@diffusion-forcing/core";
import { type Chorale, HIGHEST_PITCH, LOWEST_PITCH, VOICES } from "./chorales.js";

/** Pitches in rows of four as the codec's symbols: 0 for silence, 1 for the lowest pitch. */
export function symbolOf(pitch: number): number {
  return pitch < 0 ? 0 : pitch - LOWEST_PITCH + 1;
}

/** The pitch of a symbol, -1 for silence. */
export function pitchOf(symbol: number): number {
  return symbol === 0 ? -1 : symbol + LOWEST_PITCH - 1;
}

/** Excerpts of one length as symbols, int32 [B, F, 4]. */
export function symbolsOf(excerpts: readonly Chorale[]): HostTensor<"int32"> {
  const length = (excerpts[0] as Chorale).length;
  const data = new Int32Array(excerpts.length * length * VOICES);
  excerpts.forEach(({ pitches }, i) => {
    data.set(Int32Array.from(pitches, symbolOf), i * length * VOICES);
  });
  return tensor(data, [excerpts.length, length, VOICES]);
}

/** The reverse of {@link symbolsOf}. */
export function choralesOf({ shape, data }: HostTensor): Chorale[] {
  const [batch, length] = shape as [number, number, number];
  const size = length * VOICES;
  return Array.from({ length: batch }, (_, i) => ({
    pitches: Int8Array.from(data.subarray(i * size, (i + 1) * size), pitchOf),
    length,
  }));
}

/** How far all voices can be moved, in semitones, and stay within what the model knows. */
export function roomToTranspose({ pitches }: Chorale): readonly [down: number, up: number] {
  const sung = pitches.filter((pitch) => pitch >= 0);
  if (sung.length === 0) return [0, 0];
  return [LOWEST_PITCH - Math.min(...sung), HIGHEST_PITCH - Math.max(...sung)];
}

export function transposed({ pitches, length }: Chorale, semitones: number): Chorale {
  return { pitches: pitches.map((pitch) => (pitch < 0 ? pitch : pitch + semitones)), length };
}
