import { type Chorale, checkChorale, VOICES } from "./chorales.js";

/** A note of one voice; times in sixteenths. */
export interface Note {
  /** 0 for the highest voice. */
  readonly voice: number;
  /** MIDI number. */
  readonly pitch: number;
  readonly start: number;
  readonly length: number;
}

/** The notes of a chorale, voice by voice: a pitch that goes on is one note. @throws as {@link checkChorale} */
export function notesOf(chorale: Chorale): Note[] {
  checkChorale("notesOf: the chorale", chorale);
  const { pitches, length } = chorale;
  const notes: Note[] = [];
  for (let voice = 0; voice < VOICES; voice++) {
    const pitchAt = (time: number): number => (time < length ? (pitches[time * VOICES + voice] as number) : -1);
    for (let start = 0; start < length; ) {
      let end = start + 1;
      while (end < length && pitchAt(end) === pitchAt(start)) end++;
      if (pitchAt(start) >= 0) notes.push({ voice, pitch: pitchAt(start), start, length: end - start });
      start = end;
    }
  }
  return notes;
}
