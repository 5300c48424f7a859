import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Chorale, readMidi, writeMidi } from "@diffusion-forcing/tasks/music";
import { beforeAll, describe, expect, it } from "vitest";
import { dforce, temporaryFolder } from "../testing/cli.js";

/** Chords that change every two beats: six bars. */
const rows = Array.from({ length: 96 }, (_, time) => [67, 64, 60, 48].map((pitch) => pitch + ((time >> 3) % 3)));
const chorale: Chorale = { pitches: Int8Array.from(rows.flat()), length: rows.length };
const tiny = {
  task: "music",
  music: { sixteenths: 8, tokens: 6, batch: 2 },
  codec: { latentFeatures: 2, codecWidth: 8, klWeight: 0.1, codecSteps: 2, codecLearningRate: 1e-3 },
  model: { width: 8, layers: 1, heads: 2 },
  training: { steps: 2, learningRate: 1e-3, schedule: { kind: "constant" }, emaDecay: 0.9 },
};

let folder = "";
let trained: Awaited<ReturnType<typeof dforce>>;
const at = (name: string): string => join(folder, name);
const run = (...args: string[]) => dforce(...args, "--threads", "1");
beforeAll(async () => {
  folder = await temporaryFolder();
  await writeFile(at("chorales.json"), JSON.stringify({ train: [rows], valid: [rows], test: [rows] }));
  await writeFile(at("tiny.json"), JSON.stringify(tiny));
  await writeFile(at("song.mid"), writeMidi(chorale));
  trained = await run(
    "train",
    "music",
    "--data",
    at("chorales.json"),
    "--config",
    at("tiny.json"),
    "--out",
    at("model"),
  );
}, 60_000);

describe("dforce train music", () => {
  it("learns the codec, then the model, and keeps both in one folder", async () => {
    expect(trained.stderr).not.toContain("error");
    expect(trained.code).toBe(0);
    const config = JSON.parse(await readFile(at("model/config.json"), "utf8")) as {
      codec: { codecs: { kind: string }[] };
    };
    expect(config.codec.codecs.map(({ kind }) => kind)).toEqual([
      "categorical",
      "frame-stack",
      "variational-autoencoder",
      "normalization",
    ]);
  });

  it("a resumed run keeps the codec that was learned, and mends a lost model with the same one", async () => {
    const before = await readFile(at("model/model.safetensors"));
    const again = await run("train", "music", "--resume", "--out", at("model"));
    expect(again.code).toBe(0);
    await rm(at("model/model.safetensors"));
    const mended = await run("train", "music", "--resume", "--out", at("model"));
    expect(mended.stderr).toContain("written anew");
    expect(Buffer.compare(await readFile(at("model/model.safetensors")), before)).toBe(0);
  });

  it("says what is missing and what is wrong", async () => {
    const without = await run("train", "music", "--config", at("tiny.json"), "--out", at("other"));
    expect([without.code, without.stderr]).toEqual([2, expect.stringContaining("--data is missing")]);
    await writeFile(at("broken.json"), "{");
    const broken = await run(
      "train",
      "music",
      "--data",
      at("broken.json"),
      "--config",
      at("tiny.json"),
      "--out",
      at("o2"),
    );
    expect([broken.code, broken.stderr]).toEqual([1, expect.stringContaining("this is not valid JSON")]);
  });
});

it("dforce export writes a step of it, weights inside", async () => {
  const { code, stdout } = await dforce("export", "--model", at("model"), "--out", at("step.onnx"), "--json");
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ inputs: { x: [1, 6, 2], levels: [2, 1, 6] } });
});

it("dforce sample writes music as MIDI too", async () => {
  const args = ["--model", at("model"), "--length", "32", "--batch", "2", "--seed", "1", "--json"];
  const { code, stdout } = await run("sample", ...args, "--out", at("sampled"));
  expect(code).toBe(0);
  const { shape, files } = JSON.parse(stdout) as { shape: number[]; files: Record<string, string> };
  expect(shape).toEqual([2, 32, 4]);
  expect(files).toMatchObject({ mid1: at("sampled/sample-1.mid"), mid2: at("sampled/sample-2.mid") });
  const written = readMidi({ name: "2", bytes: new Uint8Array(await readFile(at("sampled/sample-2.mid"))) });
  expect(written.length).toBe(32);
  const twice = await run("sample", ...args, "--out", at("sampled"));
  expect([twice.code, twice.stderr]).toEqual([1, expect.stringContaining("is there already")]);
}, 30_000);

it("dforce eval never writes its picture over the data that it reads", async () => {
  const data = ["--data", at("chorales.json"), "--out", at("chorales.json")];
  const { code, stderr } = await run("eval", at("model"), ...data, "--force");
  expect([code, stderr]).toEqual([1, expect.stringContaining("chorales.json is what is read, and would be lost")]);
});

describe("dforce infill", () => {
  const infill = (...args: string[]) =>
    run("infill", "--model", at("model"), "--data", at("song.mid"), "--steps", "2", ...args);

  it("writes versions as MIDI and a picture of them", async () => {
    const { code, stdout, stderr } = await infill("--bars", "2", "--samples", "2", "--out", at("out"), "--json");
    expect([code, stderr]).toEqual([0, expect.stringMatching(/filling in 2\/2/)]);
    const { files, bars } = JSON.parse(stdout) as { files: string[]; bars: number[] };
    expect(bars).toEqual([2, 2]);
    expect(files.map((file) => file.slice(at("out/").length))).toEqual([
      "infilled-1.mid",
      "infilled-2.mid",
      "infilled.svg",
      "infilled.png",
    ]);
    const { pitches } = readMidi({ name: "1", bytes: new Uint8Array(await readFile(at("out/infilled-1.mid"))) });
    expect(pitches.slice(0, 64)).toEqual(chorale.pitches.slice(0, 64));
    expect(await readFile(at("out/infilled.svg"), "utf8")).toContain("<svg");
    const quiet = await infill("--bars", "2", "--out", at("quiet"), "--quiet");
    expect([quiet.code, quiet.stderr]).toEqual([0, ""]);
    const twice = await infill("--bars", "2", "--out", at("out"));
    expect([twice.code, twice.stderr]).toEqual([1, expect.stringContaining("is there already")]);
  });

  it.each<[string[], number, string]>([
    [["--bars", "4-2"], 2, '--bars is "4-2"; expected a bar or a range of bars, such as 5-8'],
    [["--bars", "all"], 2, '--bars is "all"'],
    [["--bars", "7"], 1, "the bars are 7 to 7; expected the first before the last, from 1 to 6"],
    [["--bars", "1-4"], 1, "Fill in 2 at a time"],
  ])("refuses %j", async (args, code, message) => {
    const found = await infill(...args, "--out", at("refused"));
    expect([found.code, found.stderr]).toEqual([code, expect.stringContaining(message)]);
  });

  it("refuses files that are no music in 4/4, and models of other tasks", async () => {
    await writeFile(at("none.mid"), "<html>");
    const none = await run("infill", "--model", at("model"), "--data", at("none.mid"), "--bars", "1", "--out", at("o"));
    expect([none.code, none.stderr]).toEqual([1, expect.stringContaining("this is no MIDI file")]);
    const maze = await run("infill", "--model", "umaze", "--data", at("song.mid"), "--bars", "1", "--out", at("o"));
    expect([maze.code, maze.stderr]).toEqual([1, expect.stringContaining("A model of music: kind is")]);
  });
});
