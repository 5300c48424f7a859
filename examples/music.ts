// A chorale's bars 3 and 4 filled in anew, three times. npx tsx --conditions=source examples/music.ts [SONG.mid]
import { readFileSync, writeFileSync } from "node:fs";
import { onnxBackend } from "@diffusion-forcing/backend-onnx";
import { loadBundle } from "@diffusion-forcing/core";
import { folderStore } from "@diffusion-forcing/core/node";
import { type Chorale, infill, pianoRoll, readMidi, writeMidi } from "@diffusion-forcing/tasks/music";

// Eight bars of one's own: the chords of C, F, G and C, a bar each, twice.
const chords = [
  [67, 64, 60, 48],
  [69, 65, 60, 53],
  [67, 62, 59, 55],
  [67, 64, 60, 48],
];
const plain: Chorale = {
  pitches: Int8Array.from({ length: 128 * 4 }, (_, i) => chords[Math.floor(i / 64) % 4]?.[i % 4] ?? -1),
  length: 128,
};
const [file] = process.argv.slice(2);
const chorale = file === undefined ? plain : readMidi({ name: file, bytes: new Uint8Array(readFileSync(file)) });

const backend = await onnxBackend();
const bundle = await loadBundle(folderStore("packages/tasks/models/music"));
const versions = await infill(bundle, { backend, chorale, bars: [3, 4], samples: 3, seed: 1 });
versions.forEach((version, i) => {
  writeFileSync(`music-${i + 1}.mid`, writeMidi(version));
});
writeFileSync("music.svg", pianoRoll([chorale, ...versions], { filled: [3, 4] }));
console.log("wrote music-1.mid to music-3.mid and music.svg");
await backend.dispose();
