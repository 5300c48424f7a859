import { createRandom, tensor } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { histogramOverlaps, passageOf, transitionDistances } from "./measures.js";

const chorale = (...rows: number[][]) => ({ pitches: Int8Array.from(rows.flat()), length: rows.length });

describe("histogramOverlaps", () => {
  it("counts sixteenths of pitches, and notes by their lengths", () => {
    const real = chorale([60, -1, -1, -1], [60, -1, -1, -1], [62, -1, -1, -1], [64, -1, -1, -1]);
    const other = chorale([60, -1, -1, -1], [62, -1, -1, -1], [62, -1, -1, -1], [67, -1, -1, -1]);
    // Pitches 2, 1, 1 of four against 1, 2, 0, 1: 1/4 + 1/4. Lengths 2, 1, 1 both.
    expect(histogramOverlaps([other], [real])).toEqual({ pitchOverlap: 0.5, durationOverlap: 1 });
    expect(histogramOverlaps([real, other], [real, real])).toEqual({ pitchOverlap: 0.75, durationOverlap: 1 });
    const held = chorale([60, -1, -1, -1], [60, -1, -1, -1], [60, -1, -1, -1], [60, -1, -1, -1]);
    expect(histogramOverlaps([held], [real])).toEqual({ pitchOverlap: 0.5, durationOverlap: 0 });
    const silence = chorale([-1, -1, -1, -1]);
    expect(histogramOverlaps([silence], [real])).toEqual({ pitchOverlap: 0, durationOverlap: 0 });
  });
});

describe("transitionDistances", () => {
  // Tokens that equal their neighbours; between sequences they differ.
  const random = createRandom(3);
  const data: number[] = [];
  for (let b = 0; b < 200; b++) {
    const x = random.normal();
    data.push(x, x, x, x);
  }
  const real = tensor(data, [200, 4, 1]);
  const missing = [false, true, true, false];

  it("are 0 for the real tokens", () => {
    const { frechet, mmd } = transitionDistances(real, real, missing);
    expect(frechet).toBeCloseTo(0, 5);
    expect(Math.abs(mmd)).toBeLessThan(0.005);
  });

  it("notice tokens that go with nothing around them, though each alone is one of the data's", () => {
    const shuffled = data.map((x, i) =>
      i % 4 === 1 || i % 4 === 2 ? (data[(i + 4 * 37) % data.length] as number) : x,
    );
    const near = transitionDistances(tensor(shuffled, [200, 4, 1]), real, missing);
    // Two of three transitions have lost their correlation of 1.
    expect(near.frechet).toBeGreaterThan(0.1);
    expect(near.mmd).toBeGreaterThan(0.01);
    const [alone, together] = [near.frechet, transitionDistances(real, real, missing).frechet];
    expect(alone).toBeGreaterThan(10 * together);
  });
});

it("takes the missing tokens' sixteenths out of a chorale", () => {
  const whole = chorale([1, 1, 1, 1], [2, 2, 2, 2], [3, 3, 3, 3], [4, 4, 4, 4]);
  expect(passageOf(whole, [false, true], 2)).toEqual(chorale([3, 3, 3, 3], [4, 4, 4, 4]));
});
