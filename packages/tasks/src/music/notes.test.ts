import { expect, it } from "vitest";
import { notesOf } from "./notes.js";

it("holds a pitch that goes on as one note, and leaves silence out", () => {
  const pitches = Int8Array.of(67, 64, -1, 48, 67, 65, -1, 48, 67, 65, 60, -1);
  expect(notesOf({ pitches, length: 3 })).toEqual([
    { voice: 0, pitch: 67, start: 0, length: 3 },
    { voice: 1, pitch: 64, start: 0, length: 1 },
    { voice: 1, pitch: 65, start: 1, length: 2 },
    { voice: 2, pitch: 60, start: 2, length: 1 },
    { voice: 3, pitch: 48, start: 0, length: 2 },
  ]);
});
