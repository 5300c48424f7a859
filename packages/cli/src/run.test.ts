import { copyFile, mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { runCli } from "./run.js";
import { dforce, temporaryFolder, writeRecipe } from "./testing/cli.js";

describe("wrong calls exit with 2 and say what is wrong on stderr", () => {
  it.each<[string[], string | RegExp]>([
    [[], "Usage: dforce"],
    [["fly"], /unknown command 'fly'[\s\S]*dforce --help/],
    [["plan", "--fast"], /unknown option '--fast'[\s\S]*dforce plan --help/],
    [["plan", "here", "there"], "too many arguments"],
    [["inspect"], "missing required argument 'what'"],
    [["train", "--preset", "quick"], "required option '--out <folder>' not specified"],
    [
      ["train", "--preset", "huge", "--out", "x"],
      /'huge' is invalid. Allowed choices are umaze, medium, large, giant, quick/,
    ],
    [["train", "--out", "x"], "Say what to train: a task, --preset or --config (or --resume"],
    [
      ["train", "--preset", "quick", "--config", "c.json", "--out", "x"],
      "--preset and --config are both given; take one",
    ],
    [["train", "--resume", "--preset", "quick", "--out", "x"], "--preset does not go with --resume"],
    [["train", "--resume", "--config", "c.json", "--out", "x"], "--config does not go with --resume"],
    [["train", "--resume", "--seed", "1", "--out", "x"], "--seed does not go with --resume"],
    [["train", "--resume", "--steps", "1", "--out", "x"], "--steps does not go with --resume"],
    [["train", "--out", "x", "--seed", "abc"], '--seed is "abc"; expected a whole number from 0.'],
    [["train", "--out", "x", "--steps", "0"], '--steps is "0"; expected a whole number from 1.'],
    [["train", "--out", "x", "--checkpoint-every", "1.5"], '--checkpoint-every is "1.5"'],
    [["plan", "--threads", "0"], '--threads is "0"; expected a whole number from 1 to 1024.'],
    [["plan", "--threads", "2147483648"], '--threads is "2147483648"; expected a whole number from 1 to 1024.'],
    [
      ["infill", "--data", "x", "--bars", "1", "--out", "x", "--samples", "50000000"],
      '--samples is "50000000"; expected a whole number from 1 to 1000.',
    ],
    [["sample", "music", "--batch", "30000000"], '--batch is "30000000"; expected a whole number from 1 to 65536.'],
    [["export", "--out", "x", "--batch", "65537"], '--batch is "65537"; expected a whole number from 1 to 65536.'],
    [["export", "--out", "x", "--tokens", "65537"], '--tokens is "65537"; expected a whole number from 1 to 65536.'],
    [["plan", "--seed", "-1"], '--seed is "-1"; expected a whole number from 0.'],
    [["plan", "--seed", "9007199254740993"], "--seed is"],
    [["plan", "--reach", "magic"], "Allowed choices are token, gradient"],
    [["plan", "--to", "1"], '--to is "1"; expected x,y in cells'],
    [["train", "--out", "x", "--minutes", "0"], '--minutes is "0"; expected a number above 0, at most 35000.'],
    [["train", "--out", "x", "--minutes", "50000"], '--minutes is "50000"; expected a number above 0, at most 35000.'],
    [["plan", "--matrix", "square"], "Allowed choices are full-sequence, pyramid, trapezoid, autoregressive"],
    [["plan", "--scale", "0"], '--scale is "0"; expected a number from 1e-9.'],
    [["plan", "--tokens", "2"], '--tokens is "2"; expected a whole number from 3.'],
    [["eval", "--episodes", ""], '--episodes is ""'],
    [
      ["plan", "--backend", "abacus"],
      '--backend: there is no backend or device "abacus"; expected auto or some of onnx/',
    ],
    [["eval", "--backend", "onnx/cpu,"], '--backend: there is no backend or device ""'],
    [["backends", "--backend", "gpu"], '--backend: there is no backend or device "gpu"'],
    [["doctor", "--backend", "onnx/abacus"], '--backend: there is no backend or device "onnx/abacus"'],
    [["plan", "--device", "cpu"], /unknown option '--device'/],
    [["export"], "required option '--out <file>' not specified"],
  ])("dforce %j", async (args, message) => {
    const { code, stdout, stderr } = await dforce(...args);
    expect(stderr).toMatch(message);
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });
});

describe("help exits with 0, on stdout", () => {
  it.each(["plan", "train", "eval", "inspect", "export", "backends", "doctor"])("dforce %s --help", async (command) => {
    const { code, stdout, stderr } = await dforce(command, "--help");
    expect(stdout).toContain(`Usage: dforce ${command}`);
    expect([code, stderr]).toEqual([0, ""]);
  });

  it("dforce --help lists the commands, dforce --version the version", async () => {
    const help = await dforce("--help");
    expect(help.code).toBe(0);
    for (const command of ["plan", "train", "eval", "inspect", "export", "backends", "doctor"]) {
      expect(help.stdout).toContain(`\n  ${command} `);
    }
    const version = await dforce("--version");
    expect(version).toEqual({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+.*\n$/), stderr: "" });
  });
});

describe("failures exit with 1, name the culprit and leave nothing behind", () => {
  it("a model that does not exist, before anything is written", async () => {
    const out = join(await temporaryFolder(), "out");
    const { code, stdout, stderr } = await dforce("plan", "--model", "no-such-model", "--out", out);
    expect(stderr).toMatch(
      /^error: There is no model "no-such-model": give .*umaze.* or a folder with config.json, model.safetensors. \[invalid-argument\]\n$/,
    );
    expect([code, stdout]).toEqual([1, ""]);
    await expect(readdir(out)).rejects.toThrow("ENOENT");
  });

  it("a config that does not exist, or is none", async () => {
    const missing = await dforce("train", "--config", "no-such.json", "--out", "x");
    expect(missing.stderr).toContain("no-such.json cannot be read: there is no such file");
    expect(missing.code).toBe(1);
    const folder = await temporaryFolder();
    const config = join(folder, "bad.json");
    await writeFile(config, '{"planner":{},"training":{}}');
    const bad = await dforce("train", "--config", config, "--out", join(folder, "run"));
    expect(bad.stderr).toContain(`${config}: recipe: training.steps is missing.`);
    expect(bad.code).toBe(1);
    expect(await readdir(folder)).toEqual(["bad.json"]);
  });

  it("a file where the output folder should be", async () => {
    const file = join(await temporaryFolder(), "taken");
    await writeFile(file, "mine");
    const { code, stderr } = await dforce("train", "--config", await writeRecipe(), "--out", file);
    expect(stderr).toMatch(/The folder .*taken cannot be written to \(EEXIST.*\)\. Choose another with --out\./);
    expect(code).toBe(1);
    const inside = await dforce("train", "--config", await writeRecipe(), "--out", join(file, "run"));
    expect(inside.stderr).toMatch(/cannot be written to \(ENOTDIR/);
    expect(inside.code).toBe(1);
  });

  it("a folder without a run to resume", async () => {
    const out = await temporaryFolder();
    const { code, stderr } = await dforce("train", "--resume", "--out", out);
    expect(stderr).toContain(`${out} holds no training run: training.json is missing. Start one with --preset`);
    expect(code).toBe(1);
  });

  it("an output folder that holds a model of someone else's", async () => {
    const out = await temporaryFolder();
    await writeFile(join(out, "model.safetensors"), "precious");
    const { code, stderr } = await dforce("train", "--config", await writeRecipe(), "--out", out);
    expect(stderr).toContain(`${out} already holds a model, which training would overwrite. Choose another folder`);
    expect(code).toBe(1);
    expect(await readdir(out)).toEqual(["model.safetensors"]);
  });

  it("a recipe in the run's own folder, by a name that the run needs", async () => {
    const out = await temporaryFolder();
    const recipe = join(out, "config.json");
    await copyFile(await writeRecipe(), recipe);
    const before = await readFile(recipe, "utf8");
    const { code, stderr } = await dforce("train", "--config", recipe, "--out", out);
    expect(stderr).toContain(`${recipe} is what is read, and would be lost. Choose another --out.`);
    expect([code, await readdir(out), await readFile(recipe, "utf8")]).toEqual([1, ["config.json"], before]);
    const other = await dforce("train", "--config", await writeRecipe(), "--out", out);
    expect(other.stderr).toContain(`error: ${recipe} is there already. Choose another --out. [invalid-argument]`);
  });

  it("a checkpoint that is there but cannot be read is no reason to start afresh", async () => {
    const out = await temporaryFolder();
    await mkdir(join(out, "checkpoint.safetensors"));
    const { code, stderr } = await dforce("train", "--config", await writeRecipe(), "--out", out);
    expect(stderr).toMatch(/checkpoint\.safetensors cannot be read: it is a folder/);
    expect(code).toBe(1);
  });

  it("what nobody foresaw: one line without a stack, which --debug shows", async () => {
    const write = vi.spyOn(process.stdout, "write").mockImplementationOnce(() => {
      throw new RangeError("the moon is full\nand more");
    });
    let stderr = "";
    vi.spyOn(process.stderr, "write").mockImplementation((text) => {
      stderr += text;
      return true;
    });
    expect(await runCli(["inspect", "umaze"])).toBe(1);
    expect(stderr).toMatch(/^error: RangeError: the moon is full \(not foreseen: --debug .*\[internal\]\n$/);
    write.mockImplementationOnce(() => {
      throw new RangeError("again");
    });
    expect(await runCli(["inspect", "umaze", "--debug"])).toBe(1);
    expect(stderr).toMatch(/\n {4}at /);
    vi.restoreAllMocks();
  });
});
