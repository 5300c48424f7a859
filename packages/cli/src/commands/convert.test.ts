import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createRandom, type HostTensor, initializeParameters, modelFromConfig } from "@diffusion-forcing/core";
import { decodeSafetensors, encodeSafetensors } from "@diffusion-forcing/core/bundle";
import { toOfficial } from "@diffusion-forcing/core/official";
import { beforeAll, describe, expect, it } from "vitest";
import { loadPlanner } from "../files/models.js";
import { dforce, temporaryFolder } from "../testing/cli.js";

const config = {
  kind: "transformer",
  features: 2,
  width: 8,
  layers: 1,
  heads: 2,
  feedForward: 8,
  positions: "sinusoidal",
};
const weights = initializeParameters(modelFromConfig(config), createRandom(5));
let folder = "";
let [given, configFile] = ["", ""];

beforeAll(async () => {
  folder = await temporaryFolder();
  [given, configFile] = [join(folder, "official.safetensors"), join(folder, "given.json")];
  const official = toOfficial(modelFromConfig(config).config, weights, { prefix: "diffusion_model." });
  await writeFile(given, encodeSafetensors(official as Record<string, HostTensor<"float32">>));
  await writeFile(configFile, JSON.stringify(config));
});

describe("dforce convert", () => {
  it("goes there and back, bit for bit", async () => {
    const own = join(folder, "own");
    const there = await dforce("convert", given, "--config", configFile, "--out", own, "--json");
    expect(there.stderr).toBe("");
    expect(JSON.parse(there.stdout)).toEqual({ out: own, parameters: 22, prefix: "diffusion_model.", ignored: 0 });
    expect((await readdir(own)).sort()).toEqual(["config.json", "model.safetensors"]);
    const { tensors } = decodeSafetensors(await readFile(join(own, "model.safetensors")));
    for (const [name, { data }] of Object.entries(weights)) expect(tensors[name]?.data).toEqual(data);

    const back = join(folder, "back.safetensors");
    const args = ["--config", join(own, "config.json"), "--to", "official", "--prefix", "diffusion_model."];
    const returned = await dforce("convert", join(own, "model.safetensors"), ...args, "--out", back);
    expect([returned.code, returned.stdout]).toEqual([0, `out: ${back}\ntensors: 18\n`]);
    expect(await readFile(back)).toEqual(await readFile(given));
  });

  it.each<[string, unknown, RegExp]>([
    ["of another size", { ...config, width: 12 }, /expected float32\[12, 8\].*\[checkpoint-mismatch\]/],
    ["of an unknown kind", { kind: "mamba" }, /no model of kind "mamba"/],
    ["that the official code lacks", { kind: "dit3d", tokenShape: [2] }, /The official code has no model/],
    ["that is none", [1], /expected an object with a "kind"/],
  ])("exits with 1 for a model %s, and writes nothing", async (_name, model, message) => {
    const place = await temporaryFolder();
    await writeFile(join(place, "config"), JSON.stringify(model));
    const args = ["--config", join(place, "config"), "--out", join(place, "out")];
    const { code, stderr } = await dforce("convert", given, ...args);
    expect(stderr).toMatch(message);
    expect(code).toBe(1);
    expect(await readdir(place)).toEqual(["config"]);
  });

  it("exits with 1 for a file that is no safetensors, or is not there, and with 2 without --config", async () => {
    const args = ["--config", configFile, "--out", join(folder, "never")];
    expect((await dforce("convert", configFile, ...args)).stderr).toMatch(/\[corrupt-file\]/);
    expect((await dforce("convert", join(folder, "none"), ...args)).stderr).toMatch(/cannot be read/);
    expect((await dforce("convert", given, "--out", join(folder, "never"))).code).toBe(2);
    expect((await dforce("convert", given, ...args, "--to", "jax")).code).toBe(2);
  });

  it("never overwrites what it reads, and nothing else unless told to", async () => {
    const place = await temporaryFolder();
    const [model, given] = [join(place, "model.safetensors"), await readFile(join(folder, "official.safetensors"))];
    await writeFile(model, given);
    for (const force of [[], ["--force"]]) {
      const args = ["--config", configFile, "--out", place, ...force];
      const { code, stderr } = await dforce("convert", model, ...args);
      expect(stderr).toContain(`error: ${model} is what is read, and would be lost. Choose another --out.`);
      expect([code, await readdir(place)]).toEqual([1, ["model.safetensors"]]);
    }
    const other = join(place, "other.safetensors");
    await writeFile(other, given);
    const args = ["convert", other, "--config", configFile, "--out", place];
    expect((await dforce(...args)).stderr).toContain(
      `${model} is there already. Choose another --out, or give --force`,
    );
    expect(await readFile(model)).toEqual(given);
    expect((await dforce(...args, "--force")).code).toBe(0);
    expect(await readFile(model)).not.toEqual(given);
  });
});

describe("dforce convert of a run of before bundles", () => {
  /** Five steps of a tiny planner, saved by the library as it was before bundles. */
  const old = fileURLToPath(new URL("../testing/old-run", import.meta.url));

  it("keeps the weights bit for bit, and training goes on from its checkpoint", async () => {
    const out = join(folder, "upgraded");
    const { code, stdout, stderr } = await dforce("convert", old, "--out", out, "--json");
    expect([code, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toMatchObject({ out, maze: "umaze" });
    const files = ["checkpoint.safetensors", "config.json", "model.safetensors", "training.json"];
    expect((await readdir(out)).sort()).toEqual(files);
    const before = decodeSafetensors(await readFile(join(old, "model.safetensors"))).tensors;
    const { parameters, normalizer } = await loadPlanner(out);
    expect(parameters).toEqual(before);
    const stored = JSON.parse(await readFile(join(old, "normalizer.json"), "utf8"));
    expect(normalizer).toEqual({ mean: stored.mean, std: stored.standardDeviation });

    const recipe = JSON.parse(await readFile(join(out, "training.json"), "utf8"));
    recipe.training.steps = 7;
    await writeFile(join(out, "training.json"), JSON.stringify(recipe));
    const resumed = await dforce("train", "--resume", "--out", out, "--threads", "1", "--json");
    expect(resumed.code).toBe(0);
    expect(JSON.parse(resumed.stdout)).toMatchObject({ steps: 7, seed: 3, finished: true });
  });

  it("refuses what is no old model, and never writes over its input", async () => {
    const upgraded = join(folder, "upgraded");
    const again = await dforce("convert", upgraded, "--out", join(folder, "twice"));
    expect(again.stderr).toContain("A bundle needs no conversion");
    expect((await dforce("convert", old, "--out", old)).stderr).toContain("would be lost");
    expect((await dforce("convert", old, "--out", upgraded)).stderr).toContain("is there already");
    expect((await dforce("convert", old, "--out", upgraded, "--config", configFile)).code).toBe(2);
    expect((await dforce("convert", folder, "--out", join(folder, "x"))).stderr).toContain("holds no old model");
    expect((await dforce("convert", given, "--out", join(folder, "x"))).code).toBe(2);
  });
});
