import { type Chorale, notesOf } from "@diffusion-forcing/tasks/music";

/** Seconds of a sixteenth, at 80 quarters a minute. */
const sixteenth = 60 / 80 / 4;

/** Plays a chorale on four soft voices. @returns what stops it */
export function play(chorale: Chorale, ended: () => void): () => void {
  const audio = new AudioContext();
  const out = new GainNode(audio, { gain: 0.12 });
  out.connect(audio.destination);
  const begin = audio.currentTime + 0.1;
  for (const { pitch, start, length } of notesOf(chorale)) {
    const [from, to] = [begin + start * sixteenth, begin + (start + length) * sixteenth];
    const voice = new OscillatorNode(audio, { type: "triangle", frequency: 440 * 2 ** ((pitch - 69) / 12) });
    const loudness = new GainNode(audio, { gain: 0 });
    loudness.gain.setValueAtTime(0, from);
    loudness.gain.linearRampToValueAtTime(1, from + 0.03);
    loudness.gain.setValueAtTime(1, Math.max(from + 0.03, to - 0.06));
    loudness.gain.linearRampToValueAtTime(0, to);
    voice.connect(loudness).connect(out);
    voice.start(from);
    voice.stop(to);
  }
  const timer = setTimeout(() => stop(), (0.2 + chorale.length * sixteenth) * 1000);
  const stop = (): void => {
    clearTimeout(timer);
    void audio.close();
    ended();
  };
  return stop;
}
