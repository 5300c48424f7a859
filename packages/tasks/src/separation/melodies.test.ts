import { createRandom } from "@diffusion-forcing/core";
import { expect, it } from "vitest";
import { voiceOf, walkingMelody } from "./melodies.js";

it("walks through two octaves of a pentatonic scale, the first source above the second", () => {
  for (const [source, lowest] of [
    [0, 60],
    [1, 38],
  ] as const) {
    const melody = walkingMelody(source, 2000, createRandom(1));
    const found = [...new Set(melody)].sort((a, b) => a - b).map((pitch) => pitch - lowest);
    expect(found).toEqual([0, 2, 4, 7, 9, 12, 14, 16, 19, 21]);
    // Notes are held, and the next is one or two degrees away.
    const moves = Array.from(melody.slice(1), (pitch, i) => Math.abs(pitch - (melody[i] as number)));
    expect(Math.max(...moves)).toBeLessThanOrEqual(7);
    expect(moves.filter((move) => move === 0).length).toBeGreaterThan(800);
  }
});

it("takes soprano and bass of a chorale", () => {
  const chorale = { pitches: Int8Array.of(74, 70, 65, 58, 75, 70, 65, 57, -1, -1, -1, -1), length: 3 };
  expect([...voiceOf(chorale, 0, 1, 2)]).toEqual([75, -1]);
  expect([...voiceOf(chorale, 1, 0, 3)]).toEqual([58, 57, -1]);
});
