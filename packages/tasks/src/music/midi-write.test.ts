import fc from "fast-check";
import { parseMidi } from "midi-file";
import { describe, expect, it } from "vitest";
import { readMidi } from "./midi-read.js";
import { writeMidi } from "./midi-write.js";

describe("writeMidi", () => {
  it("writes metre, tempo and a track for each voice", () => {
    const { header, tracks } = parseMidi(
      writeMidi({ pitches: Int8Array.of(67, 64, 60, -1), length: 1 }, { tempo: 120 }),
    );
    expect(header).toMatchObject({ format: 1, numTracks: 5, ticksPerBeat: 480 });
    expect(tracks[0]).toContainEqual(expect.objectContaining({ type: "timeSignature", numerator: 4, denominator: 4 }));
    expect(tracks[0]).toContainEqual(expect.objectContaining({ type: "setTempo", microsecondsPerBeat: 500_000 }));
    const notes = tracks.map((track) => track.filter(({ type }) => type === "noteOn").length);
    expect(notes).toEqual([0, 1, 1, 1, 0]);
  });

  it("is read back as it was, whatever the voices do", () => {
    // Each sounds at least once; voices may cross.
    const voice = fc.constantFrom(-1, 40, 41, 60, 81);
    const sixteenth = fc.tuple(voice, voice, voice, voice);
    const all = fc.array(sixteenth, { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(all, (rows) => {
        const pitches = Int8Array.from([[70, 60, 50, 40], ...rows].flat());
        const chorale = { pitches, length: rows.length + 1 };
        expect(readMidi({ name: "again.mid", bytes: writeMidi(chorale) })).toEqual(chorale);
      }),
      { numRuns: 100 },
    );
  });
});
