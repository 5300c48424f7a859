import { expect, it } from "vitest";
import { cardText } from "./card-text.js";

it("states both commands, steps, wall time and what was measured", () => {
  const text = cardText({
    name: "chorus",
    model: {
      preset: "chorales",
      about: "It sings.",
      data: "Songs.",
      options: { excerpts: 8, dialUp: true },
      after: "Loudly.",
    },
    run: {
      task: "music",
      seed: 3,
      steps: 70,
      seconds: 90,
      data: { file: "songs.json", sha256: "00ff" },
    },
    report: { title: "8 songs", rows: [["in tune", "90.0 [80.0, 95.0] %"]], note: "By ear." },
    cores: 2,
  });
  for (const part of [
    "npx dforce train music --data songs.json --preset chorales --seed 3 --threads 1 --out runs/chorus",
    "70 steps in 1.5 minutes of wall time, one thread of a machine of 2 cores",
    "npx dforce eval chorus --data songs.json --excerpts 8 --dial-up\n",
    "SHA-256 of `songs.json`: `00ff`.",
    "8 songs.\n\n| what | measured |\n| --- | --- |\n| in tune | 90.0 [80.0, 95.0] % |\n",
    "By ear. Loudly.",
  ]) {
    expect(text).toContain(part);
  }
});
