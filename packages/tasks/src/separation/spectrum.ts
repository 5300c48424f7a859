import FFT from "fft.js";

/** Samples from one frame to the next, and of a frame: 64 and 128 ms. */
export const HOP = 512;
const WINDOW = 2 * HOP;
/** Bins of a frame that codes tell apart: up to 2.5 kHz. */
export const BINS = 320;
const ALL_BINS = WINDOW / 2 + 1;
/** How loud a bin has to be to matter; below it the scale is linear, above logarithmic. */
const SOFTNESS = 50;

const hann = Float32Array.from({ length: WINDOW }, (_, n) => 0.5 - 0.5 * Math.cos((2 * Math.PI * n) / WINDOW));
/** Of a sine of amplitude 1 the largest bin then has magnitude 1. */
const SCALE = 2 / hann.reduce((sum, w) => sum + w, 0);

/** The frames of a sound as complex spectra, bin by bin real and imaginary part. */
export interface Spectrum {
  readonly frames: readonly Float64Array[];
  /** Samples. */
  readonly length: number;
}

/** Frames of a sound, about the middle of each hop; their windows add up to 1. */
export function analyze(audio: Float32Array): Spectrum {
  const fft = new FFT(WINDOW);
  const windowed = new Array<number>(WINDOW).fill(0);
  const frames = Array.from({ length: Math.ceil(audio.length / HOP) }, (_, t) => {
    const start = t * HOP - HOP / 2;
    for (let n = 0; n < WINDOW; n++) windowed[n] = (audio[start + n] ?? 0) * (hann[n] as number);
    const out = fft.createComplexArray() as number[];
    fft.realTransform(out, windowed);
    return Float64Array.from(out.slice(0, 2 * ALL_BINS));
  });
  return { frames, length: audio.length };
}

/** What codes are made of: magnitudes of the lower bins on a soft logarithmic scale, [frames, BINS] in a row. */
export function featuresOf({ frames }: Spectrum): Float32Array {
  const features = new Float32Array(frames.length * BINS);
  for (const [t, frame] of frames.entries()) {
    for (let bin = 0; bin < BINS; bin++) {
      const magnitude = SCALE * Math.hypot(frame[2 * bin] as number, frame[2 * bin + 1] as number);
      features[t * BINS + bin] = Math.log1p(SOFTNESS * magnitude);
    }
  }
  return features;
}

/**
 * The share of a sound that one of two sources has, by their features: in every bin the square of its magnitude beside
 * both squares; above the bins of the features the share of all of them.
 *
 * @param own features of the source whose share it is, [frames, BINS]; `other` those of the other.
 */
export function share({ frames, length }: Spectrum, own: Float32Array, other: Float32Array): Float32Array {
  const fft = new FFT(WINDOW);
  const audio = new Float32Array(length);
  const weights = new Float32Array(length);
  const power = (feature: number): number => Math.expm1(Math.max(feature, 0)) ** 2;
  for (const [t, frame] of frames.entries()) {
    const masked = fft.createComplexArray() as number[];
    let [ownTotal, total] = [0, 0];
    for (let bin = 0; bin < ALL_BINS; bin++) {
      const [a, b] =
        bin < BINS ? [power(own[t * BINS + bin] as number), power(other[t * BINS + bin] as number)] : [0, 0];
      ownTotal += a;
      total += a + b;
      const part = bin < BINS ? (a + 1e-6) / (a + b + 2e-6) : (ownTotal + 1e-6) / (total + 2e-6);
      masked[2 * bin] = part * (frame[2 * bin] as number);
      masked[2 * bin + 1] = part * (frame[2 * bin + 1] as number);
    }
    fft.completeSpectrum(masked);
    const back = fft.createComplexArray() as number[];
    fft.inverseTransform(back, masked);
    const start = t * HOP - HOP / 2;
    for (let n = Math.max(0, -start); n < WINDOW && start + n < length; n++) {
      audio[start + n] = (audio[start + n] as number) + (back[2 * n] as number);
      weights[start + n] = (weights[start + n] as number) + (hann[n] as number);
    }
  }
  return audio.map((sample, n) => sample / Math.max(weights[n] as number, 1e-3));
}
