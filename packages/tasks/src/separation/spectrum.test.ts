import { createRandom } from "@diffusion-forcing/core";
import { expect, it } from "vitest";
import { analyze, BINS, featuresOf, HOP, share } from "./spectrum.js";

it("sees a sine where it is, as loud as it is", () => {
  // 1000 Hz is bin 128 of 1024 samples at 8 kHz.
  const audio = Float32Array.from({ length: 4 * HOP }, (_, n) => 0.5 * Math.sin((2 * Math.PI * n) / 8));
  const features = featuresOf(analyze(audio));
  expect(features.length).toBe(4 * BINS);
  const frame = features.subarray(BINS, 2 * BINS);
  expect(frame.indexOf(Math.max(...frame))).toBe(128);
  expect(Math.expm1(frame[128] as number) / 50).toBeCloseTo(0.5, 2);
});

it("divides a sound into shares that add up to it", () => {
  const random = createRandom(2);
  const audio = Float32Array.from({ length: 3 * HOP + 100 }, () => 0.1 * random.normal());
  const spectrum = analyze(audio);
  expect(spectrum.frames.length).toBe(4);
  const features = () => Float32Array.from({ length: 4 * BINS }, () => 0.5 + random.uniform());
  const [a, b] = [features(), features()];
  const [first, second] = [share(spectrum, a, b), share(spectrum, b, a)];
  const off = audio.map((sample, n) => sample - (first[n] as number) - (second[n] as number));
  expect(Math.max(...off.subarray(0, 3 * HOP).map(Math.abs))).toBeLessThan(1e-5);
  // All of it to a source beside which the other is silent.
  const all = share(spectrum, a, new Float32Array(4 * BINS));
  const missed = audio.map((sample, n) => sample - (all[n] as number));
  expect(Math.max(...missed.subarray(HOP, 2 * HOP).map(Math.abs))).toBeLessThan(1e-3);
});
