import { readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { spawnDforce, temporaryFolder, tinyRecipe, trainTiny, writeRecipe } from "../testing/cli.js";
import { loadPlanner } from "./models.js";
import { createRun, readRun, readSummary } from "./run-folder.js";

/** Resolves once the file is written anew. */
async function rewritten(path: string): Promise<void> {
  const time = () =>
    stat(path).then(
      ({ mtimeMs }) => mtimeMs,
      () => 0,
    );
  const before = await time();
  while ((await time()) === before) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe("a run killed with SIGKILL while it writes a checkpoint at every step", () => {
  it("can be used and resumed each time, and goes on to the very same bits", { timeout: 120_000 }, async () => {
    const out = join(await temporaryFolder(), "run");
    const checkpoint = join(out, "checkpoint.safetensors");
    const config = await writeRecipe({ steps: 1_000_000 });
    let reached = 0;
    for (const delay of [0, 13, 41]) {
      const start = reached === 0 ? ["--config", config] : ["--resume"];
      const killed = await spawnDforce(["train", ...start, "--out", out, "--threads", "1", "--checkpoint-every", "1"], {
        onStderr: (line, kill) => {
          if (!line.startsWith("data:")) return;
          void rewritten(checkpoint).then(() => setTimeout(() => kill("SIGKILL"), delay));
        },
      });
      expect(killed.code).toBeNull();
      const { state } = await readRun(out);
      expect(state?.step).toBeGreaterThan(reached);
      reached = state?.step as number;
      await loadPlanner(out);
      const logged = (await readFile(join(out, "metrics.jsonl"), "utf8")).split("\n").slice(0, reached);
      expect(logged.map((line) => JSON.parse(line).step)).toEqual(Array.from({ length: reached }, (_, i) => i + 1));
      // Hidden: the lock of the dead process, perhaps what it was writing; the next session takes them away.
      expect((await readdir(out)).filter((name) => !name.startsWith(".")).sort()).toEqual([
        "checkpoint.safetensors",
        "config.json",
        "metrics.csv",
        "metrics.jsonl",
        "model.safetensors",
        "training.json",
      ]);
    }
    const last = await spawnDforce(["train", "--resume", "--out", out, "--threads", "1", "--minutes", "0.001"]);
    expect([last.code, (await readdir(out)).filter((name) => name.startsWith("."))]).toEqual([0, []]);
    reached = (await readRun(out)).state?.step as number;
    const straight = await trainTiny({ steps: reached });
    expect(await readFile(checkpoint)).toEqual(await readFile(join(straight, "checkpoint.safetensors")));
  });
});

describe("a run's folder", () => {
  it("is started by its recipe, once", async () => {
    const out = await temporaryFolder();
    await createRun(out, tinyRecipe);
    expect(await readRun(out)).toEqual({ config: tinyRecipe, state: undefined });
    await expect(createRun(out, { ...tinyRecipe, seed: 4 })).rejects.toThrow(
      /already holds a training run\. Go on with/,
    );
    expect((await readRun(out)).config.seed).toBe(3);
    expect(await readdir(out)).toEqual(["training.json"]);
    expect(await readSummary(out, tinyRecipe, 0)).toBeUndefined();
  });

  it("with a damaged recipe is refused, naming file and field", async () => {
    const out = await temporaryFolder();
    const recipe = { ...tinyRecipe, training: { ...tinyRecipe.training, steps: 0 } };
    await writeFile(join(out, "training.json"), JSON.stringify(recipe));
    await expect(readRun(out)).rejects.toThrow(/training\.json: recipe: training\.steps is 0/);
  });
});
