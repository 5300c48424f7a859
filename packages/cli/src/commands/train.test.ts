import { copyFile, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeTrainingState, encodeTrainingState } from "@diffusion-forcing/core/bundle";
import { beforeAll, describe, expect, it } from "vitest";
import { readRun } from "../files/run-folder.js";
import { dforce, spawnDforce, temporaryFolder, trainTiny, writeRecipe } from "../testing/cli.js";

const files = (folder: string): Promise<Buffer[]> =>
  Promise.all(["model.safetensors", "checkpoint.safetensors"].map((name) => readFile(join(folder, name))));
const stepOf = async (folder: string): Promise<number | undefined> => (await readRun(folder)).state?.step;

describe("a finished run", () => {
  let out = "";
  beforeAll(async () => {
    out = await trainTiny();
  });

  it("is a folder of a model, a checkpoint, the recipe and a summary, and no more", async () => {
    expect((await readdir(out)).sort()).toEqual([
      "checkpoint.safetensors",
      "config.json",
      "model.safetensors",
      "normalizer.json",
      "summary.json",
      "training.json",
    ]);
  });

  it("is reported as one JSON document on stdout, progress on stderr", async () => {
    const folder = join(await temporaryFolder(), "run");
    const config = await writeRecipe();
    const { code, stdout, stderr } = await dforce(
      "train",
      "--config",
      config,
      "--out",
      folder,
      "--threads",
      "1",
      "--json",
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      out: folder,
      maze: "umaze",
      seed: 3,
      steps: 5,
      loss: expect.closeTo(0.5, 0),
      seconds: expect.any(Number),
      threads: 1,
      dataChecksum: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(stderr).toMatch(/^data: 2000 steps of umaze, seed 1, SHA-256 [0-9a-f]{64}\n/);
    expect(stderr).toMatch(/\ntraining 5\/5 \| loss 0\.\d{4}\n$/);
    expect(await files(folder)).toEqual(await files(out));
  });

  it("depends on the seed", async () => {
    expect((await files(await trainTiny({}, "--seed", "4")))[0]).not.toEqual((await files(out))[0]);
  });

  it("is left as it is by --resume, which reports it again", async () => {
    const before = await files(out);
    const summary = await readFile(join(out, "summary.json"), "utf8");
    const { code, stdout } = await dforce("train", "--resume", "--out", out, "--json");
    expect([code, JSON.parse(stdout)]).toEqual([0, JSON.parse(summary)]);
    expect(await files(out)).toEqual(before);
    expect(await readFile(join(out, "summary.json"), "utf8")).toBe(summary);
  });

  it("gets the summary that a kill after the last checkpoint took from it", async () => {
    for (const spoil of [() => rm(join(out, "summary.json")), () => writeFile(join(out, "summary.json"), "{")]) {
      await spoil();
      const { code, stdout } = await dforce("train", "--resume", "--out", out);
      expect(stdout).toMatch(/^Trained 5 steps, the last session in \d+ s\. Next: dforce plan --model \S+\n$/);
      expect(code).toBe(0);
    }
  });

  it("is not overwritten by another", async () => {
    const before = await files(out);
    const { code, stderr } = await dforce("train", "--config", await writeRecipe(), "--out", out);
    expect(stderr).toContain("already holds a training run. Go on with it by --resume, or choose another folder");
    expect(code).toBe(1);
    expect(await files(out)).toEqual(before);
  });
});

describe("an interrupted run", () => {
  it("saves on Ctrl-C, says how to go on, and ends bit-identical to one never interrupted", async () => {
    const steps = 150;
    const config = await writeRecipe({ steps, schedule: { kind: "cosine", warmupSteps: 10 } });
    const out = join(await temporaryFolder(), "a run");
    const args = ["train", "--config", config, "--out", out, "--threads", "1"];
    const stopped = await spawnDforce(args, {
      onStderr: (said, kill) => {
        if (said.startsWith("training 15/")) kill("SIGINT");
      },
    });
    const step = await stepOf(out);
    expect(stopped.stderr).toContain(
      `dforce: Stopped after step ${step}; nothing is lost. Go on with: dforce train --resume --out "${out}" --threads 1 [aborted]\n`,
    );
    expect([stopped.code, stopped.stdout]).toEqual([1, ""]);
    expect(step).toBeGreaterThanOrEqual(15);
    expect(step).toBeLessThan(steps);

    expect((await dforce("train", "--resume", "--out", out, "--threads", "1")).code).toBe(0);
    const straight = await trainTiny({ steps, schedule: { kind: "cosine", warmupSteps: 10 } });
    expect(await stepOf(out)).toBe(steps);
    expect(await files(out)).toEqual(await files(straight));
  });

  it("refuses a checkpoint of another model or seed, and a damaged one, naming the file", async () => {
    const out = await trainTiny({ steps: 2 });
    const path = join(out, "checkpoint.safetensors");
    const state = decodeTrainingState(await readFile(path));
    const resumed = async (content: Uint8Array): Promise<string> => {
      await writeFile(path, content);
      const { code, stderr } = await dforce("train", "--resume", "--out", out);
      expect(code).toBe(1);
      expect(await readFile(path)).toEqual(Buffer.from(content));
      return stderr;
    };
    expect(await resumed(encodeTrainingState({ ...state, step: 1, seed: 9 }))).toMatch(
      /seed 9.*\[checkpoint-mismatch\]/,
    );
    const { "output.bias": _, ...fewer } = state.parameters;
    expect(await resumed(encodeTrainingState({ ...state, step: 1, parameters: fewer }))).toMatch(
      /Parameter "output\.bias" \[20\] is missing.*\[checkpoint-mismatch\]/,
    );
    expect(await resumed(encodeTrainingState(state).slice(0, -4))).toMatch(
      /checkpoint\.safetensors: safetensors: .*\[corrupt-file\]/,
    );
    expect(await resumed(new Uint8Array(0))).toMatch(/the file has 0 bytes/);
    await copyFile(join(out, "model.safetensors"), path);
    expect(await resumed(await readFile(path))).toMatch(/is no training checkpoint/);
  });
});

it("a run whose loss is not finite exits with 1 and keeps the last good checkpoint", async () => {
  const config = await writeRecipe({ steps: 50, learningRate: 1e30 });
  const out = join(await temporaryFolder(), "run");
  const args = ["train", "--config", config, "--out", out, "--threads", "1", "--checkpoint-every", "1"];
  const { code, stdout, stderr } = await dforce(...args);
  expect(stderr).toMatch(/(The loss became|parameter ".*" or its optimiser state holds) (NaN|-?Infinity)/);
  expect(stderr).toMatch(/Lower the learning rate.*the last checkpoint is intact\. \[non-finite-loss\]\n$/);
  expect([code, stdout]).toEqual([1, ""]);
  const { state } = await readRun(out);
  for (const { data } of Object.values(state?.parameters ?? {})) expect(data.every(Number.isFinite)).toBe(true);
  expect((await dforce("inspect", out)).code).toBe(0);
});
