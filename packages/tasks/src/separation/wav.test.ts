import { expect, it } from "vitest";
import * as wavefile from "wavefile";
import { readWav, writeWav } from "./wav.js";

const { WaveFile } = (wavefile as unknown as { default?: typeof wavefile }).default ?? wavefile;
const file = (bytes: Uint8Array, name = "a.wav") => ({ name, bytes });
const sine = Float64Array.from({ length: 800 }, (_, n) => 0.5 * Math.sin((2 * Math.PI * 440 * n) / 8000));

it("writes 16 bits at 8 kHz, which come back to a step of them", () => {
  const bytes = writeWav(Float32Array.from(sine));
  expect(new TextDecoder().decode(bytes.subarray(0, 4))).toBe("RIFF");
  expect(bytes.length).toBe(44 + 1600);
  const back = readWav(file(bytes));
  expect(Math.max(...back.map((sample, n) => Math.abs(sample - (sine[n] as number))))).toBeLessThan(1 / 30_000);
  expect(readWav(file(writeWav(Float32Array.of(2, -3, 0))))[0]).toBeCloseTo(1, 4);
});

it("takes the mean of channels, of any depth, and resamples", () => {
  const stereo = new WaveFile();
  stereo.fromScratch(2, 16_000, "32f", [
    Float32Array.from({ length: 1600 }, () => 0.5),
    new Float32Array(1600),
  ] as never);
  const back = readWav(file(stereo.toBuffer()));
  expect(back.length).toBeGreaterThan(780);
  expect(back.length).toBeLessThan(820);
  expect(back[400]).toBeCloseTo(0.25, 2);
});

it("refuses what is no sound, by name", () => {
  expect(() => readWav(file(new TextEncoder().encode("hello"), "b.wav"))).toThrow("b.wav is no WAV file");
  const bytes = writeWav(Float32Array.from(sine));
  for (let cut = 0; cut < 44; cut++) {
    expect(() => readWav(file(bytes.slice(0, cut), "cut.wav"))).toThrow("cut.wav");
  }
  const empty = new WaveFile();
  empty.fromScratch(1, 8000, "16", []);
  expect(() => readWav(file(empty.toBuffer(), "e.wav"))).toThrow("e.wav holds 0 samples at 8000 a second");
  const slow = new WaveFile();
  slow.fromScratch(1, 10, "16", [1, 2]);
  expect(() => readWav(file(slow.toBuffer(), "s.wav"))).toThrow("1000 to 384000 a second");
});
