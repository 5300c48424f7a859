import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { separation } from "@diffusion-forcing/tasks";
import { beforeAll, describe, expect, it } from "vitest";
import { dforce, temporaryFolder } from "../testing/cli.js";

const recipe = {
  task: "separation",
  sounds: { world: "waves", steps: 3, excerpts: 4, batch: 4 },
  codec: { codes: 8, latentFeatures: 4, codecWidth: 16, codecSteps: 10, codecLearningRate: 5e-3 },
  model: { width: 16, layers: 1, heads: 2 },
  training: { steps: 4, learningRate: 3e-3, schedule: { kind: "constant" }, emaDecay: 0.9 },
};

let [folder, model, mixture] = ["", "", ""];
beforeAll(async () => {
  folder = await temporaryFolder();
  [model, mixture] = [join(folder, "model"), join(folder, "mix.wav")];
  await writeFile(join(folder, "recipe.json"), JSON.stringify(recipe));
  const args = ["--config", join(folder, "recipe.json"), "--out", model, "--threads", "1"];
  const { code, stderr } = await dforce("train", "separation", ...args);
  expect([code, stderr.match(/error:.*/)?.[0]]).toEqual([0, undefined]);
  const audio = Float32Array.from({ length: 4000 }, (_, n) => 0.3 * Math.sin(n / 3) + 0.3 * Math.sin(n / 20));
  await writeFile(mixture, separation.writeWav(audio));
}, 60_000);

const separate = (...args: string[]) => dforce("separate", "--model", model, "--threads", "1", ...args);

describe("dforce separate", () => {
  it("writes the two parts of a WAV file, and overwrites nothing", async () => {
    const out = join(folder, "out");
    const { code, stdout } = await separate("--mixture", mixture, "--out", out, "--beams", "4");
    expect(code).toBe(0);
    expect(stdout).toMatch(/mix\.wav: 0\.5 s, 8 frames, separated\n/);
    expect((await readdir(out)).sort()).toEqual(["first.wav", "parts.png", "second.wav"]);
    expect((await readFile(join(out, "first.wav"))).length).toBe(44 + 8000);
    expect((await separate("--mixture", mixture, "--out", out)).stderr).toContain("is there already");
    const again = await separate("--mixture", mixture, "--out", out, "--force", "--json");
    expect(JSON.parse(again.stdout)).toMatchObject({ frames: 8 });
  });

  it("says what is wrong", async () => {
    const out = ["--out", join(folder, "none")];
    const missing = await separate(...out);
    expect([missing.code, missing.stderr]).toEqual([2, expect.stringContaining("--mixture is missing")]);
    const bad = join(folder, "bad.wav");
    await writeFile(bad, "no sound");
    const found = await separate("--mixture", bad, ...out);
    expect([found.code, found.stderr]).toEqual([1, expect.stringContaining("bad.wav is no WAV file")]);
    const other = await dforce("separate", "--model", "umaze", "--mixture", mixture, ...out);
    expect([other.code, other.stderr]).toEqual([2, expect.stringContaining("which takes no sounds apart")]);
    expect(await readdir(folder)).not.toContain("none");
  });
});
