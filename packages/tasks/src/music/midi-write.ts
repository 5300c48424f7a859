import { check, schemas } from "@diffusion-forcing/core/backend";
import { writeMidi as encode, type MidiEvent } from "midi-file";
import * as v from "valibot";
import { type Chorale, checkChorale, VOICES } from "./chorales.js";
import { notesOf } from "./notes.js";

export interface MidiOptions {
  /** Quarters a minute, 4 to 1000. Default 80. */
  readonly tempo?: number;
}

// A file holds the microseconds of a quarter in three bytes.
const optionsSchema = v.strictObject({ tempo: v.optional(schemas.number(4, 1000), 80) });

const TICKS_PER_SIXTEENTH = 120;
const names = ["Soprano", "Alto", "Tenor", "Bass"] as const;
/** General MIDI's "Choir Aahs". */
const CHOIR = 52;
const VELOCITY = 80;

/**
 * A chorale as a MIDI file: in 4/4, a track for each voice, after one of tempo and metre.
 *
 * @throws `invalid-argument`, and for the chorale as {@link checkChorale}
 */
export function writeMidi(chorale: Chorale, options: MidiOptions = {}): Uint8Array<ArrayBuffer> {
  const { tempo } = check("writeMidi", optionsSchema, options);
  checkChorale("writeMidi: the chorale", chorale);
  const end: MidiEvent = { deltaTime: 0, meta: true, type: "endOfTrack" };
  const conductor: MidiEvent[] = [
    {
      deltaTime: 0,
      meta: true,
      type: "timeSignature",
      numerator: 4,
      denominator: 4,
      metronome: 24,
      thirtyseconds: 8,
    },
    { deltaTime: 0, meta: true, type: "setTempo", microsecondsPerBeat: Math.round(60_000_000 / tempo) },
    end,
  ];
  const voices = Array.from({ length: VOICES }, (_, voice) => trackOf(chorale, voice, end));
  const header = { format: 1, numTracks: 1 + VOICES, ticksPerBeat: 4 * TICKS_PER_SIXTEENTH } as const;
  return Uint8Array.from(encode({ header, tracks: [conductor, ...voices] }));
}

function trackOf(chorale: Chorale, voice: number, end: MidiEvent): MidiEvent[] {
  const events: MidiEvent[] = [
    { deltaTime: 0, meta: true, type: "trackName", text: names[voice] as string },
    { deltaTime: 0, type: "programChange", channel: voice, programNumber: CHOIR },
  ];
  let now = 0;
  for (const { pitch, start, length } of notesOf(chorale).filter((note) => note.voice === voice)) {
    const common = { channel: voice, noteNumber: pitch };
    events.push(
      { ...common, type: "noteOn", deltaTime: (start - now) * TICKS_PER_SIXTEENTH, velocity: VELOCITY },
      { ...common, type: "noteOff", deltaTime: length * TICKS_PER_SIXTEENTH, velocity: 0 },
    );
    now = start + length;
  }
  // A rest at the end counts too: the next reader finds the length that this one wrote.
  return [...events, { ...end, deltaTime: (chorale.length - now) * TICKS_PER_SIXTEENTH }];
}
