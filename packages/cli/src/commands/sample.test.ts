import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { decodeSafetensors } from "@diffusion-forcing/core/bundle";
import { beforeAll, describe, expect, it } from "vitest";
import { dforce, temporaryFolder, trainTiny } from "../testing/cli.js";

const recipe = {
  task: "video",
  world: { kind: "maze", size: 8, plan: ["####", "#..#", "####"] },
  video: { frames: 3, batch: 2, levels: "independent" },
  process: { levels: 20, objective: "x0" },
  model: { kind: "dit3d", width: 16, layers: 1, heads: 2, patchSize: 4 },
  training: { steps: 1, learningRate: 1e-3, schedule: { kind: "constant" }, emaDecay: 0.9 },
};

let model = "";
beforeAll(async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, "recipe.json"), JSON.stringify(recipe));
  model = join(folder, "run");
  const config = join(folder, "recipe.json");
  const { code, stderr } = await dforce("train", "video", "--config", config, "--out", model, "--threads", "1");
  if (code !== 0) throw new Error(stderr);
});

const sample = (...args: string[]) => dforce("sample", ...args, "--threads", "1");

describe("dforce sample", () => {
  it("writes a GIF, an APNG, a PNG strip and the numbers, the same for the same seed", async () => {
    const out = join(await temporaryFolder(), "samples");
    const args = [
      "video",
      "--model",
      model,
      "--length",
      "5",
      "--batch",
      "2",
      "--seed",
      "3",
      "--steps",
      "2",
      "--out",
      out,
    ];
    const { code, stdout, stderr } = await sample(...args, "--json");
    expect([code, stderr.match(/error:.*/)?.[0]]).toEqual([0, undefined]);
    expect(JSON.parse(stdout)).toEqual({
      model,
      task: "video",
      seed: 3,
      shape: [2, 9, 3, 8, 8],
      given: 4,
      millisecondsPerItem: expect.any(Number),
      files: {
        raw: join(out, "sample.safetensors"),
        gif: join(out, "sample.gif"),
        apng: join(out, "sample.apng"),
        png: join(out, "sample.png"),
      },
    });
    const start = async (file: string, bytes: number) =>
      (await readFile(join(out, file))).subarray(0, bytes).toString("latin1");
    expect(await start("sample.gif", 6)).toBe("GIF89a");
    for (const file of ["sample.apng", "sample.png"]) expect(await start(file, 4)).toBe("\x89PNG");
    const raw = await readFile(join(out, "sample.safetensors"));
    expect(decodeSafetensors(raw).tensors.sequences?.shape).toEqual([2, 9, 3, 8, 8]);

    const again = await sample(...args);
    expect([again.code, again.stderr]).toEqual([1, expect.stringContaining("is there already")]);
    expect((await sample(...args, "--force")).stdout).toMatch(/sequences +2 of 9 items \[3, 8, 8\]/);
    expect(await readFile(join(out, "sample.safetensors"))).toEqual(raw);
  });

  it("lets one act, and writes JSON", async () => {
    const out = await temporaryFolder();
    const args = ["--model", model, "--length", "2", "--steps", "1", "--raw", "json", "--out", join(out, "s")];
    const { code, stderr } = await sample("video", ...args, "--given", "0", "--actions", "left*2 forward");
    expect([code, stderr.match(/error:.*/)?.[0]]).toEqual([0, undefined]);
    expect(JSON.parse(await readFile(join(out, "s", "sample.json"), "utf8")).shape).toEqual([1, 2, 3, 8, 8]);
    const wrong = await sample("video", ...args, "--force", "--actions", "fly");
    expect([wrong.code, wrong.stderr]).toEqual([1, expect.stringContaining('"fly" is no action')]);
  });

  it("samples models of tasks that have nothing to say about it, as numbers", async () => {
    const planner = await trainTiny({ steps: 1 });
    const out = join(await temporaryFolder(), "samples");
    const { code, stdout } = await sample("--model", planner, "--length", "20", "--out", out, "--json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ task: "maze2d", shape: [1, 20, 2], files: { raw: expect.any(String) } });
    expect(JSON.parse(stdout).files.gif).toBeUndefined();
  });

  it("says what is wrong with its options", async () => {
    expect((await sample("sea")).stderr).toMatch(/There is no task "sea"/);
    expect((await sample()).stderr).toMatch(/Give --model/);
    expect((await sample("maze2d", "--model", model)).stderr).toMatch(/is for the task video, not for maze2d/);
    expect((await sample("video", "--model", model, "--length", "0")).code).toBe(2);
    expect((await sample("video", "--model", model, "--steps", "21")).stderr).toMatch(/--steps is/);
    for (const large of [
      ["--length", "99999999999"],
      ["--batch", "65536", "--length", "999999"],
    ]) {
      const { code, stderr } = await sample("video", "--model", model, ...large, "--out", await temporaryFolder());
      expect([code, stderr]).toEqual([1, expect.stringContaining("take a lower --length or --batch")]);
    }
    const folder = await temporaryFolder();
    await mkdir(join(folder, "sample.gif"));
    expect((await sample("video", "--model", model, "--out", folder)).stderr).toMatch(/a folder has that name/);
  });
});
