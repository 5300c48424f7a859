import { DiffusionForcingError, type HostTensor, tensor } from "@diffusion-forcing/core";
import { checkAxes } from "../option-schemas.js";
import { type Chorale, checkChorales, HIGHEST_PITCH, isInRange, LOWEST_PITCH, SYMBOLS, VOICES } from "./chorales.js";

/** Pitches in rows of four as the codec's symbols: 0 for silence, 1 for the lowest pitch. */
export function symbolOf(pitch: number): number {
  return pitch < 0 ? 0 : pitch - LOWEST_PITCH + 1;
}

/** The pitch of a symbol, -1 for silence. */
export function pitchOf(symbol: number): number {
  return symbol === 0 ? -1 : symbol + LOWEST_PITCH - 1;
}

/**
 * Excerpts of one length as symbols, int32 [B, F, 4].
 *
 * @throws for an excerpt as {@link checkChorale}, `shape-mismatch` for lengths that differ, `invalid-data` for pitches
 *   that choirs do not sing
 */
export function symbolsOf(excerpts: readonly Chorale[]): HostTensor<"int32"> {
  checkChorales("symbolsOf", excerpts);
  const length = excerpts[0]?.length ?? 0;
  const data = new Int32Array(excerpts.length * length * VOICES);
  excerpts.forEach(({ pitches, length: own }, i) => {
    if (own !== length) {
      throw new DiffusionForcingError(
        "shape-mismatch",
        `symbolsOf: chorale ${i} lasts ${own} sixteenths, chorale 0 ${length}; expected one length. Cut them to it.`,
      );
    }
    const bad = pitches.find((pitch) => pitch >= 0 && !isInRange(pitch));
    if (bad !== undefined) {
      throw new DiffusionForcingError(
        "invalid-data",
        `symbolsOf: chorale ${i} has the pitch ${bad}; expected ${LOWEST_PITCH} to ${HIGHEST_PITCH}. Transpose it.`,
      );
    }
    data.set(Int32Array.from(pitches, symbolOf), i * length * VOICES);
  });
  return tensor(data, [excerpts.length, length, VOICES]);
}

/** The reverse of {@link symbolsOf}. @throws `shape-mismatch` for other axes, `invalid-data` for what is no symbol */
export function choralesOf(symbols: HostTensor): Chorale[] {
  const { shape, data } = checkAxes("choralesOf: the symbols", symbols, ["B", "F", VOICES]);
  const [batch, length] = shape as [number, number, number];
  const bad = data.findIndex((symbol) => !(Number.isInteger(symbol) && symbol >= 0 && symbol < SYMBOLS));
  if (bad >= 0) {
    throw new DiffusionForcingError(
      "invalid-data",
      `choralesOf: symbol ${bad} is ${data[bad]}; expected whole numbers from 0 to ${SYMBOLS - 1}.`,
    );
  }
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
