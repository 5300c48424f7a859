import { DiffusionForcingError } from "@diffusion-forcing/core";
import { type MidiData, type MidiEvent, parseMidi } from "midi-file";
import { checkFile } from "../option-schemas.js";
import { type Chorale, type ChoraleFile, HIGHEST_PITCH, isInRange, LONGEST, LOWEST_PITCH, VOICES } from "./chorales.js";

const voiceNames: readonly string[] = ["soprano", "alto", "tenor", "bass"];
/** On average; voices may be doubled by several instruments. */
const MOST_TOGETHER = 64;
const MOST_BYTES = 1_000_000;

/** A note as files have them, in ticks; `part` is its track and channel, `voice` its place by the track's name. */
interface PlayedNote {
  readonly part: string;
  readonly voice: number;
  readonly pitch: number;
  readonly start: number;
  readonly end: number;
}

/**
 * Bytes that refuse to be cut where they are not: the parser goes on behind lengths that a damaged file makes up, and
 * would go back and forth for ever behind negative ones.
 */
class WholeBytes extends Uint8Array {
  override slice(start: number, end: number): Uint8Array<ArrayBuffer> {
    if (!(start >= 0 && end >= start && end <= this.length)) throw new RangeError("a part ends beyond the file");
    return new WholeBytes(this.subarray(start, end)) as Uint8Array<ArrayBuffer>;
  }
}

/**
 * Reads a chorale from a MIDI file of four voices in 4/4: onsets and ends are rounded to sixteenths. Four tracks, or four
 * channels, of one note at a time are the voices, as tracks named "Soprano" and so on say, else the highest on average
 * first; of any other file the notes that sound
 * together are, from the highest to the lowest.
 *
 * @throws `corrupt-file` for what is no MIDI file, `invalid-data` for another metre, no notes, more than four at a time, or
 *   pitches that choirs do not sing.
 */
export function readMidi(file: ChoraleFile): Chorale {
  checkFile("readMidi", file);
  const { name, bytes } = file;
  const { header, tracks } = parsed(name, bytes);
  const ticks = header.ticksPerBeat;
  if (ticks === undefined || ticks === 0) {
    throw invalid(name, "its times are in seconds (SMPTE), not in beats; expected ticks per quarter");
  }
  checkMetre(name, tracks);
  const notes = tracks.flatMap((track, index) => notesOfTrack(track, index));
  if (notes.length === 0) throw invalid(name, "it holds no notes");
  const sixteenth = (tick: number): number => Math.round((4 * tick) / ticks);
  const length = sixteenth(tracks.reduce((longest, track) => Math.max(longest, durationOf(name, track)), 0));
  if (length > LONGEST) throw invalid(name, `it lasts ${length} sixteenths; at most ${LONGEST} are read`);
  // What is shorter than a sixteenth still sounds for one.
  const rounded = notes.map((note) => {
    const start = sixteenth(note.start);
    return { ...note, start, end: Math.max(start + 1, sixteenth(note.end)) };
  });
  const last = rounded.reduce((latest, { end }) => Math.max(latest, end), length);
  for (const { pitch } of rounded) {
    if (isInRange(pitch)) continue;
    throw invalid(name, `it holds the pitch ${pitch}; expected ${LOWEST_PITCH} to ${HIGHEST_PITCH}. Transpose it`);
  }
  return inVoices(name, rounded, last);
}

function parsed(name: string, bytes: Uint8Array): MidiData {
  const refuse = (problem: string, cause?: unknown): DiffusionForcingError =>
    new DiffusionForcingError("corrupt-file", `${name}: this is no MIDI file (${problem}).`, { cause });
  if (bytes.length > MOST_BYTES) throw refuse(`it has ${bytes.length} bytes; at most ${MOST_BYTES} are read`);
  try {
    return parseMidi(new WholeBytes(bytes));
  } catch (cause) {
    // The parser throws texts.
    throw refuse(cause instanceof Error ? cause.message : String(cause).slice(0, 100), cause);
  }
}

/** In ticks. */
function durationOf(name: string, track: readonly MidiEvent[]): number {
  return track.reduce((sum, { deltaTime }) => {
    if (deltaTime >= 0) return sum + deltaTime;
    throw new DiffusionForcingError("corrupt-file", `${name}: a time in it is ${deltaTime}; expected none below 0.`);
  }, 0);
}

function checkMetre(name: string, tracks: readonly (readonly MidiEvent[])[]): void {
  for (const event of tracks.flat()) {
    if (event.type !== "timeSignature") continue;
    const { numerator, denominator } = event;
    if (numerator === 4 && denominator === 4) continue;
    throw invalid(name, `it is in ${numerator}/${denominator}; the model knows 4/4 only`);
  }
}

function notesOfTrack(track: readonly MidiEvent[], index: number): PlayedNote[] {
  const notes: PlayedNote[] = [];
  const named = track.find((event) => event.type === "trackName");
  const voice = named === undefined ? -1 : voiceNames.indexOf(named.text.trim().toLowerCase());
  const open = new Map<string, Omit<PlayedNote, "end">>();
  let now = 0;
  const close = (key: string): void => {
    const note = open.get(key);
    if (note !== undefined) notes.push({ ...note, end: now });
    open.delete(key);
  };
  for (const event of track) {
    now += event.deltaTime;
    if (event.type !== "noteOn" && event.type !== "noteOff") continue;
    const { channel, noteNumber: pitch } = event;
    const key = `${channel}/${pitch}`;
    close(key);
    if (event.type === "noteOn") open.set(key, { pitch, voice, start: now, part: `${index}/${channel}` });
  }
  for (const key of [...open.keys()]) close(key);
  return notes;
}

function inVoices(name: string, notes: readonly PlayedNote[], length: number): Chorale {
  const pitches = new Int8Array(length * VOICES).fill(-1);
  const parts = [...new Set(notes.map(({ part }) => part))];
  const voices = parts.length === VOICES ? parts.map((part) => notes.filter((note) => note.part === part)) : [];
  if (voices.length > 0 && voices.every(isOneAtATime)) {
    voices.sort((a, b) => placeOf(a) - placeOf(b));
    voices.forEach((part, voice) => {
      for (const { pitch, start, end } of part) {
        for (let time = start; time < end; time++) pitches[time * VOICES + voice] = pitch;
      }
    });
    return { pitches, length };
  }
  const together = notes.reduce((sum, { start, end }) => sum + end - start, 0) / length;
  if (together > MOST_TOGETHER) throw invalid(name, "far more than four notes sound together; expected four voices");
  const sounding = Array.from({ length }, () => new Set<number>());
  for (const { pitch, start, end } of notes) {
    for (let time = start; time < end; time++) sounding[time]?.add(pitch);
  }
  sounding.forEach((chord, time) => {
    if (chord.size > VOICES) {
      throw invalid(name, `${chord.size} notes sound together at sixteenth ${time + 1}; expected four voices`);
    }
    pitches.set(
      [...chord].sort((a, b) => b - a),
      time * VOICES,
    );
  });
  return { pitches, length };
}

/** By the tracks' names if they are voices', else by how high they are on average. */
function placeOf(part: readonly PlayedNote[]): number {
  const voice = (part[0] as PlayedNote).voice;
  return voice >= 0 ? voice : -part.reduce((sum, { pitch }) => sum + pitch, 0) / part.length;
}

function isOneAtATime(notes: readonly PlayedNote[]): boolean {
  const inOrder = [...notes].sort((a, b) => a.start - b.start);
  return inOrder.every((note, i) => i === 0 || note.start >= (inOrder[i - 1] as PlayedNote).end);
}

function invalid(name: string, problem: string): DiffusionForcingError {
  return new DiffusionForcingError("invalid-data", `${name}: ${problem}.`);
}
