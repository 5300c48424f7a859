import { createRandom, isDiffusionForcingError } from "@diffusion-forcing/core";
import { writeMidi as encode, type MidiEvent } from "midi-file";
import { describe, expect, it } from "vitest";
import { readMidi } from "./midi-read.js";
import { writeMidi } from "./midi-write.js";
import { syntheticChorale } from "./testing/synthetic.js";

const end: MidiEvent = { deltaTime: 0, meta: true, type: "endOfTrack" };
/** A note from the last event on, 480 ticks a quarter. */
const note = (pitch: number, ticks: number, channel = 0, after = 0): MidiEvent[] => [
  { deltaTime: after, type: "noteOn", channel, noteNumber: pitch, velocity: 64 },
  { deltaTime: ticks, type: "noteOff", channel, noteNumber: pitch, velocity: 0 },
];
const metre = (numerator: number, denominator: number): MidiEvent => ({
  deltaTime: 0,
  meta: true,
  type: "timeSignature",
  numerator,
  denominator,
  metronome: 24,
  thirtyseconds: 8,
});
const file = (tracks: MidiEvent[][], header: object = { ticksPerBeat: 480 }) => ({
  name: "song.mid",
  bytes: Uint8Array.from(encode({ header: { format: 1, numTracks: tracks.length, ...header }, tracks })),
});

describe("readMidi", () => {
  it("takes four tracks of one note at a time for voices, the highest on average first", () => {
    // Tenor and alto cross in the second quarter.
    const tracks = [
      [...note(48, 960), end],
      [...note(72, 960), end],
      [...note(60, 480), ...note(67, 480), end],
      [...note(65, 480), ...note(64, 480), end],
    ];
    const { pitches, length } = readMidi(file(tracks));
    expect(length).toBe(8);
    expect([...pitches.slice(0, 4)]).toEqual([72, 65, 60, 48]);
    expect([...pitches.slice(28)]).toEqual([72, 64, 67, 48]);
  });

  it("sorts chords of any other file from the highest to the lowest, rounded to sixteenths", () => {
    const chord: MidiEvent[] = [60, 48, 67, 64].map((pitch) => ({
      deltaTime: 0,
      type: "noteOn",
      channel: 0,
      noteNumber: pitch,
      velocity: 64,
    }));
    const off = (pitch: number, deltaTime: number): MidiEvent => ({
      deltaTime,
      type: "noteOff",
      channel: 0,
      noteNumber: pitch,
      velocity: 0,
    });
    const { pitches, length } = readMidi(file([[...chord, off(67, 110), off(64, 135), off(60, 0), off(48, 0), end]]));
    expect(length).toBe(2);
    expect([...pitches]).toEqual([67, 64, 60, 48, 64, 60, 48, -1]);
  });

  it.each<[string, { name: string; bytes: Uint8Array }, string]>([
    [
      "3/4",
      file([[metre(3, 4), ...note(60, 480), end]]),
      "invalid-data: song.mid: it is in 3/4; the model knows 4/4 only.",
    ],
    ["a metre that changes", file([[metre(4, 4), metre(6, 8), ...note(60, 480), end]]), "it is in 6/8"],
    ["no notes", file([[metre(4, 4), end]]), "invalid-data: song.mid: it holds no notes."],
    ["a pitch that nobody sings", file([[...note(100, 480), end]]), "it holds the pitch 100; expected 36 to 81"],
    [
      "five notes together",
      file([[60, 62, 64, 65, 67].flatMap((pitch): MidiEvent[] => [note(pitch, 0)[0]!]).concat(end)]),
      "5 notes sound together at sixteenth 1; expected four voices",
    ],
    [
      "seconds in place of beats",
      file([[...note(60, 480), end]], { framesPerSecond: 25, ticksPerFrame: 40 }),
      "its times are in seconds",
    ],
    [
      "another kind of file",
      { name: "song.mid", bytes: new TextEncoder().encode("<html>") },
      "corrupt-file: song.mid: this is no MIDI file",
    ],
    ["nothing", { name: "song.mid", bytes: new Uint8Array(0) }, "corrupt-file: song.mid: this is no MIDI file"],
    ["hours", file([[...note(60, 100_000_000), end]]), "sixteenths; at most 20000 are read"],
  ])("refuses %s", (_what, given, message) => {
    let found = "read";
    try {
      readMidi(given);
    } catch (error) {
      found = isDiffusionForcingError(error) ? `${error.code}: ${error.message}` : `not ours: ${error}`;
    }
    expect(found).toContain(message);
  });

  it("reads or refuses 3,000 damaged files in our own words, and comes to an end", () => {
    const random = createRandom(5);
    const whole = writeMidi(syntheticChorale(8, random));
    const outcomes = Array.from({ length: 3000 }, () => {
      const bytes = whole.slice(0, random.integer(0, 4) === 0 ? random.integer(0, whole.length) : whole.length);
      for (let n = random.integer(1, 5); n > 0 && bytes.length > 0; n--) {
        bytes[random.integer(0, bytes.length)] = random.integer(0, 256);
      }
      try {
        readMidi({ name: "damaged.mid", bytes });
        return "read";
      } catch (error) {
        return isDiffusionForcingError(error) ? "refused" : `not ours: ${error}`;
      }
    });
    expect([...new Set(outcomes)].sort()).toEqual(["read", "refused"]);
  });
});
