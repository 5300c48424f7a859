import { DiffusionForcingError } from "@diffusion-forcing/core";
import * as wavefile from "wavefile";
import { SAMPLE_RATE } from "./synthesizer.js";

// Node is given the package as CommonJS, bundlers as a module.
const { WaveFile } = (wavefile as unknown as { default?: typeof wavefile }).default ?? wavefile;

/** Longest sound that is separated, in seconds. */
const LONGEST = 600;
const [SLOWEST, FASTEST] = [1000, 384_000];

/**
 * A WAV file as samples -1..1 at 8 kHz: its channels' mean, resampled where it is of another rate.
 *
 * @throws `corrupt-file` for what is no WAV file, `invalid-data` for one that is empty, longer than ten minutes or of an odd
 *   rate, naming the file.
 */
export function readWav({ name, bytes }: { readonly name: string; readonly bytes: Uint8Array }): Float32Array {
  let rate: number;
  let channels: Float64Array[];
  try {
    const file = new WaveFile(bytes);
    // Compressed kinds are decoded before anything is resampled.
    file.toBitDepth("64");
    ({ sampleRate: rate } = file.fmt as { sampleRate: number });
    const samples = file.getSamples(false, Float64Array) as unknown as Float64Array | Float64Array[];
    channels = Array.isArray(samples) ? samples : [samples];
  } catch (cause) {
    throw new DiffusionForcingError("corrupt-file", `${name} is no WAV file that can be read.`, { cause });
  }
  const count = channels[0]?.length ?? 0;
  if (!(rate >= SLOWEST && rate <= FASTEST) || count === 0 || count > LONGEST * rate) {
    throw new DiffusionForcingError(
      "invalid-data",
      `${name} holds ${count} samples at ${rate} a second; expected at least one, at most ${LONGEST} seconds, and ${SLOWEST} to ${FASTEST} a second.`,
    );
  }
  const mono = Float64Array.from({ length: count }, (_, n) => {
    const sum = channels.reduce((total, channel) => total + (channel[n] as number), 0);
    return sum / channels.length;
  });
  const odd = mono.findIndex((sample) => !Number.isFinite(sample));
  if (odd >= 0) {
    throw new DiffusionForcingError("invalid-data", `${name} holds ${mono[odd]} at sample ${odd}; expected numbers.`);
  }
  if (rate === SAMPLE_RATE) return Float32Array.from(mono);
  const again = new WaveFile();
  again.fromScratch(1, rate, "64", mono);
  again.toSampleRate(SAMPLE_RATE);
  return Float32Array.from(again.getSamples(false, Float64Array) as unknown as Float64Array);
}

/** Samples -1..1 at 8 kHz as a WAV file of 16 bits; what is louder is cut off. */
export function writeWav(audio: Float32Array): Uint8Array {
  const file = new WaveFile();
  const samples = Int16Array.from(audio, (sample) => Math.round(32_767 * Math.min(Math.max(sample, -1), 1)));
  file.fromScratch(1, SAMPLE_RATE, "16", samples as unknown as number[]);
  return file.toBuffer();
}
