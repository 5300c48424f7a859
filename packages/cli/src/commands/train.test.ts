import { copyFile, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeTrainingState, encodeTrainingState } from "@diffusion-forcing/core/bundle";
import { beforeAll, describe, expect, it } from "vitest";
import { readRun } from "../files/run-folder.js";
import { lockRun } from "../files/run-lock.js";
import { dforce, spawnDforce, temporaryFolder, tinyRecipe, trainTiny, writeRecipe } from "../testing/cli.js";

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
      "metrics.csv",
      "metrics.jsonl",
      "model.safetensors",
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
      task: "maze2d",
      maze: "umaze",
      seed: 3,
      steps: 5,
      loss: expect.closeTo(0.5, 0),
      seconds: expect.any(Number),
      threads: 1,
      dataChecksum: expect.stringMatching(/^[0-9a-f]{64}$/),
      finished: true,
    });
    expect(stderr).toMatch(/^data: maze umaze, dataChecksum [0-9a-f]{64}\n/);
    expect(stderr).toMatch(/\ntraining 5\/5 \| [\d.]+ steps\/s \| 0 s left \| loss 0\.\d{4}\n$/);
    expect(await files(folder)).toEqual(await files(out));
  });

  it("depends on the seed", async () => {
    expect((await files(await trainTiny({}, "--seed", "4")))[0]).not.toEqual((await files(out))[0]);
  });

  it("is left as it is by --resume, which reports it again", async () => {
    const before = await files(out);
    const summary = await readFile(join(out, "summary.json"), "utf8");
    const { code, stdout } = await dforce("train", "--resume", "--out", out, "--json");
    expect([code, JSON.parse(stdout)]).toEqual([0, { ...JSON.parse(summary), finished: true }]);
    expect(await files(out)).toEqual(before);
    expect(await readFile(join(out, "summary.json"), "utf8")).toBe(summary);
  });

  it("gets the summary that a kill after the last checkpoint took from it", async () => {
    const path = join(out, "summary.json");
    const foreign = JSON.stringify({ ...JSON.parse(await readFile(path, "utf8")), task: "nope" });
    for (const rubbish of [undefined, "{", '"abc"', "null", "{}", "[1,2]", foreign, "[".repeat(400_000)]) {
      await (rubbish === undefined ? rm(path) : writeFile(path, rubbish));
      const { code, stdout } = await dforce("train", "--resume", "--out", out);
      expect(stdout).toMatch(/^Trained 5 steps, the last session in \d+ s\. Next: .* plan --model \S+\n$/);
      expect(code).toBe(0);
    }
  });

  it("has its model mended from the checkpoint where it was damaged, or another's", async () => {
    const [weights, checkpoint] = (await files(out)) as [Buffer, Buffer];
    const path = join(out, "model.safetensors");
    const other = await readFile(join(await trainTiny({ steps: 1 }), "model.safetensors"));
    for (const damaged of [weights.subarray(0, 100), other]) {
      await writeFile(path, damaged);
      const { code, stderr } = await dforce("train", "--resume", "--out", out);
      expect(stderr).toContain("is damaged or not that of its checkpoint: written anew from there");
      expect([code, await files(out)]).toEqual([0, [weights, checkpoint]]);
    }
  });

  it("is not overwritten by another", async () => {
    const before = await files(out);
    const { code, stderr } = await dforce("train", "--config", await writeRecipe(), "--out", out);
    expect(stderr).toContain("already holds a training run. Go on with it by ");
    expect(code).toBe(1);
    expect(await files(out)).toEqual(before);
  });
});

describe("data that are refused", () => {
  it("leave no run behind, so that the same command may follow once they are mended", async () => {
    const folder = await temporaryFolder();
    const [data, out] = [join(folder, "my.csv"), join(folder, "run")];
    const args = ["--preset", "series-small", "--data", data, "--context", "2", "--horizon", "1", "--steps", "1"];
    const again = () => dforce("train", "series", ...args, "--out", out, "--threads", "1");
    await writeFile(data, "price\n1\nmany\n");
    const { code, stderr } = await again();
    expect([code, stderr]).toEqual([1, expect.stringContaining('line 3, column price: "many" is no finite number')]);
    expect(await readdir(out)).toEqual([]);
    await writeFile(data, `price\n${Array.from({ length: 40 }, (_, i) => Math.sin(i)).join("\n")}\n`);
    expect((await again()).code).toBe(0);
  });
});

describe("two runs in one folder", () => {
  it("do not start: neither a second one nor --resume beside a living one, which goes on unharmed", async () => {
    const out = await trainTiny({ steps: 1 });
    const before = await readdir(out);
    const lock = await lockRun(out);
    for (const args of [["--config", await writeRecipe()], ["--resume"]]) {
      const { code, stderr } = await dforce("train", "--out", out, "--threads", "1", ...args);
      expect(stderr).toMatch(new RegExp(`error: process ${process.pid} has been training into .* since 20`));
      expect(code).toBe(1);
    }
    lock.release();
    expect(await readdir(out)).toEqual(before);
  });

  it("do not start at once: of two processes one trains", async () => {
    const out = join(await temporaryFolder(), "run");
    const args = ["train", "--config", await writeRecipe({ steps: 300 }), "--out", out, "--threads", "1"];
    const outcomes = await Promise.all([spawnDforce(args), spawnDforce(args)]);
    expect(outcomes.map(({ code }) => code).sort()).toEqual([0, 1]);
    const log = (await readFile(join(out, "metrics.csv"), "utf8")).trimEnd().split("\n");
    expect(log).toHaveLength(301);
  });
});

describe("an interrupted run", () => {
  const steps = 150;
  const training = { steps, schedule: { kind: "cosine", warmupSteps: 10 } } as const;

  /** Trains in a process of its own, which gets the signal after its first step. */
  async function stopped(signal: NodeJS.Signals, ...args: string[]) {
    const out = join(await temporaryFolder(), "a run");
    const call = ["train", "--config", await writeRecipe(training), "--out", out, "--threads", "1", ...args];
    let sent = false;
    const outcome = await spawnDforce(call, {
      onStderr: (said, kill) => {
        if (said.startsWith("training ") && !sent) kill(signal);
        sent ||= said.startsWith("training ");
      },
    });
    return { out, ...outcome };
  }

  it("saves on Ctrl-C, says how to go on, and ends bit-identical to one never interrupted", async () => {
    const { out, code, stdout, stderr } = await stopped("SIGINT");
    const step = await stepOf(out);
    expect(stderr).toContain("SIGINT: saving and stopping after this step; once more stops at once\n");
    expect(stderr).toMatch(
      new RegExp(
        `Stopped after step ${step}; nothing is lost\\. Go on with: .* train --resume --out "${out}" --threads 1\n$`,
      ),
    );
    expect([code, stdout]).toEqual([130, ""]);
    expect(step).toBeGreaterThanOrEqual(1);
    expect(step).toBeLessThan(steps);
    expect(await readdir(out)).not.toContain(".dforce-lock");

    expect((await dforce("train", "--resume", "--out", out, "--threads", "1")).code).toBe(0);
    const straight = await trainTiny(training);
    expect(await stepOf(out)).toBe(steps);
    expect(await files(out)).toEqual(await files(straight));
    const log = (await readFile(join(out, "metrics.csv"), "utf8")).trimEnd().split("\n");
    expect(log.slice(1).map((line) => Number(line.split(",")[0]))).toEqual(
      Array.from({ length: steps }, (_, i) => i + 1),
    );
  });

  it.skipIf(process.platform === "win32").each([
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)("saves on %s as well, and exits with %i", async (signal, expected) => {
    const { out, code } = await stopped(signal);
    expect(code).toBe(expected);
    expect(await stepOf(out)).toBeLessThan(steps);
  });

  it("saves on Ctrl-C on an engine that computes without a pause too", async () => {
    const { out, code } = await stopped("SIGINT", "--backend", "reference");
    expect(code).toBe(130);
    expect(await stepOf(out)).toBeLessThan(steps);
  });

  it("stops after --minutes, saves, and says how to go on", async () => {
    const out = join(await temporaryFolder(), "run");
    const config = await writeRecipe({ steps: 1_000_000 });
    const args = ["train", "--config", config, "--out", out, "--threads", "1", "--minutes", "0.02"];
    const { code, stdout } = await dforce(...args);
    const step = await stepOf(out);
    expect(stdout).toMatch(
      new RegExp(`^0\\.02 minutes are over\\. Stopped after step ${step}; nothing is lost\\. Go on with: .*--resume`),
    );
    expect(code).toBe(0);
    const again = await dforce("train", "--resume", "--out", out, "--minutes", "0.01", "--json");
    expect(JSON.parse(again.stdout)).toEqual({ out, finished: false, steps: await stepOf(out) });
  });

  it("is taken over where kill -9 ended it, and a restart before its first checkpoint names --resume", async () => {
    const { out, code } = await stopped("SIGKILL");
    expect(code).toBe(null);
    expect(await readdir(out)).toContain(".dforce-lock");
    const again = await dforce("train", "--config", await writeRecipe(training), "--out", out);
    expect(again.stderr).toMatch(/already holds a training run\. Go on with it by .* train --resume --out/);
    expect((await dforce("train", "--resume", "--out", out, "--threads", "1")).code).toBe(0);
    expect(await files(out)).toEqual(await files(await trainTiny(training)));
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
    const otherMaze = { "trained-on": JSON.stringify({ ...tinyRecipe.planner, maze: "large" }) };
    expect(await resumed(encodeTrainingState({ ...state, step: 1 }, otherMaze))).toMatch(
      /checkpoint of another run: its maze is "large", in training\.json it is "umaze"\. \[checkpoint-mismatch\]/,
    );
    for (const [trainedOn, problem] of [
      ["{", /trained-on: this is not valid JSON.*\[corrupt-file\]/],
      ["null", /Its trained-on is null; expected an object\. \[corrupt-file\]/],
      ["5", /Its trained-on is 5; expected an object\. \[corrupt-file\]/],
      ["{}", /Its trained-on says nothing of what training\.json trains\. \[checkpoint-mismatch\]/],
    ] as const) {
      expect(await resumed(encodeTrainingState({ ...state, step: 1 }, { "trained-on": trainedOn }))).toMatch(problem);
    }
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
  expect(stderr).toMatch(
    /The last checkpoint is intact; go on from it with a lower learning rate.*\[non-finite-loss\]\n$/,
  );
  expect([code, stdout]).toEqual([1, ""]);
  const { state } = await readRun(out);
  for (const { data } of Object.values(state?.parameters ?? {})) expect(data.every(Number.isFinite)).toBe(true);
  expect((await dforce("inspect", out)).code).toBe(0);
});
