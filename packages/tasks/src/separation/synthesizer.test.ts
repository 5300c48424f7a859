import { createRandom } from "@diffusion-forcing/core";
import { expect, it } from "vitest";
import { mixed, render, SAMPLE_RATE, STEP } from "./synthesizer.js";

/** How often a sound crosses zero upwards, in a second. */
function crossings(audio: Float32Array): number {
  let count = 0;
  for (let i = 1; i < audio.length; i++) if ((audio[i - 1] as number) < 0 && (audio[i] as number) >= 0) count++;
  return (count * SAMPLE_RATE) / audio.length;
}

it("plays the pitch, holds a note, and is silent for -1", () => {
  const audio = render(Int16Array.of(69, 69, -1), [1], createRandom(1));
  expect(audio.length).toBe(3 * STEP);
  expect(crossings(audio.subarray(0, 2 * STEP))).toBeCloseTo(440, -1);
  expect(Math.max(...audio)).toBeCloseTo(0.3, 2);
  expect(Math.max(...audio.subarray(2 * STEP).map(Math.abs))).toBe(0);
  // Held: no fading where the two steps meet.
  const middle = audio.subarray(STEP - 40, STEP + 40).map(Math.abs);
  expect(Math.max(...middle)).toBeGreaterThan(0.29);
});

it("leaves out harmonics above half of the sample rate, and adds sounds up", () => {
  const high = render(Int16Array.of(100), [0, 1], createRandom(1));
  expect(Math.max(...high.map(Math.abs))).toBe(0); // 2637 Hz, whose octave is 5274
  expect([...mixed(Float32Array.of(1, 2), Float32Array.of(0.5, -2))]).toEqual([1.5, 0]);
});
