import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ErrorCode, isDiffusionForcingError } from "@diffusion-forcing/core";
import { beforeAll, describe, expect, it } from "vitest";
import { dforce, temporaryFolder, tinyRecipe, trainTiny } from "../testing/cli.js";
import { loadPlanner, modelFolder } from "./models.js";

let model = "";
beforeAll(async () => {
  model = await trainTiny({ steps: 1 });
});

/** A copy of the model with some files replaced, or removed where undefined. */
async function changed(files: Readonly<Record<string, string | Uint8Array | undefined>>): Promise<string> {
  const folder = await temporaryFolder();
  for (const name of ["config.json", "model.safetensors", "normalizer.json"]) {
    await copyFile(join(model, name), join(folder, name));
  }
  for (const [name, content] of Object.entries(files)) {
    if (content === undefined) await rm(join(folder, name));
    else await writeFile(join(folder, name), content);
  }
  return folder;
}

/** A safetensors file of this header, whose length may be given wrongly. */
function safetensors(header: unknown, dataBytes: number, headerBytes?: bigint): Uint8Array {
  const text = new TextEncoder().encode(typeof header === "string" ? header : JSON.stringify(header));
  const file = new Uint8Array(8 + text.length + dataBytes);
  new DataView(file.buffer).setBigUint64(0, headerBytes ?? BigInt(text.length), true);
  file.set(text, 8);
  return file;
}

const f32 = (shape: number[], begin: number, end: number) => ({ dtype: "F32", shape, data_offsets: [begin, end] });
const planner = tinyRecipe.planner;
const config = (changes: object): string => JSON.stringify({ ...planner, ...changes });
const normalizer = (mean: unknown, standardDeviation: unknown): string => JSON.stringify({ mean, standardDeviation });

describe("loadPlanner", () => {
  it("reads a model folder", async () => {
    const { config, normalizer, parameters } = await loadPlanner(model);
    expect(config).toEqual(planner);
    expect(normalizer.mean).toHaveLength(2);
    expect(parameters["output.bias"]?.shape).toEqual([20]);
  });

  const weights = "model.safetensors";
  it.each<[string, Record<string, string | Uint8Array | undefined>, ErrorCode, string | RegExp]>([
    ["no weights", { [weights]: undefined }, "corrupt-file", "model.safetensors cannot be read (ENOENT"],
    ["no config", { "config.json": undefined }, "corrupt-file", "config.json cannot be read (ENOENT"],
    ["no normaliser", { "normalizer.json": undefined }, "corrupt-file", "A model folder holds config.json,"],
    ["empty weights", { [weights]: "" }, "corrupt-file", "the file has 0 bytes"],
    ["a header beyond the file", { [weights]: safetensors({}, 0, 1n << 62n) }, "corrupt-file", "4611686018427387904"],
    [
      "overlapping tensors",
      { [weights]: safetensors({ a: f32([2], 0, 8), b: f32([2], 4, 12) }, 12) },
      "corrupt-file",
      'tensor "b" begins at byte 4 of the data, but tensor "a" ends at 8: they overlap',
    ],
    [
      "a name given twice",
      { [weights]: safetensors('{"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"a":{}}', 4) },
      "corrupt-file",
      'gives "a" twice',
    ],
    [
      "a huge shape",
      { [weights]: safetensors({ a: f32([2 ** 31, 2 ** 20], 0, 4) }, 4) },
      "corrupt-file",
      'tensor "a" of shape [2147483648,1048576] and dtype F32 would take more than 2^53 bytes',
    ],
    [
      "half precision",
      { [weights]: safetensors({ a: { dtype: "F16", shape: [2], data_offsets: [0, 4] } }, 4) },
      "corrupt-file",
      "Half precision is not read",
    ],
    [
      "integers for weights",
      { [weights]: safetensors({ a: { dtype: "I32", shape: [1], data_offsets: [0, 4] } }, 4) },
      "corrupt-file",
      'Tensor "a" is int32; weights are float32',
    ],
    ["no tensors at all", { [weights]: safetensors({}, 0) }, "checkpoint-mismatch", 'Parameter "embedding1.weight"'],
    [
      "the config of another width",
      { "config.json": config({ model: { ...planner.model, width: 16 } }) },
      "checkpoint-mismatch",
      /"embedding1\.weight" is float32\[8, 24\], expected float32\[16, 28\]/,
    ],
    [
      "the config of more layers",
      { "config.json": config({ model: { ...planner.model, layers: 2 } }) },
      "checkpoint-mismatch",
      'Parameter "layers.1.attention.query.weight" [8, 8] is missing',
    ],
    ["a config that is no JSON", { "config.json": "{" }, "corrupt-file", "config.json: This is not valid JSON"],
    [
      "an unknown maze",
      { "config.json": config({ maze: "tiny" }) },
      "invalid-config",
      'maze is "tiny"; expected umaze,',
    ],
    [
      "an unknown schedule",
      { "config.json": config({ schedule: { name: "quadratic", levels: 10 } }) },
      "invalid-schedule",
      'There is no noise schedule named "quadratic"; the known ones are linear, cosine, sigmoid',
    ],
    [
      "a model too large to exist",
      { "config.json": config({ model: { ...planner.model, layers: 1e9 } }) },
      "invalid-config",
      "model.layers is 1000000000; expected at most 65536",
    ],
    [
      "levels that would fill the memory",
      { "config.json": config({ schedule: { name: "cosine", levels: 1e12 } }) },
      "invalid-config",
      "schedule.levels is 1000000000000; expected at most 100000",
    ],
    ["a misspelt field", { "config.json": config({ clipnoise: 3 }) }, "invalid-config", "clipnoise is 3"],
    [
      "a normaliser of another width",
      { "normalizer.json": normalizer([0, 0, 0], [1, 1, 1]) },
      "corrupt-file",
      "normalizer.json: The normaliser must hold",
    ],
    ["a deviation of 0", { "normalizer.json": normalizer([0, 0], [1, 0]) }, "corrupt-file", "deviations positive"],
    ["a mean as text", { "normalizer.json": normalizer(["0", 0], [1, 1]) }, "corrupt-file", "2 finite numbers each"],
  ])("refuses %s, naming folder and file", async (_, files, code, message) => {
    const folder = await changed(files);
    const reading = loadPlanner(folder);
    await expect(reading).rejects.toThrow(message);
    await expect(reading).rejects.toThrow(`The model in ${folder} cannot be used: `);
    await expect(reading).rejects.toSatisfy((error) => isDiffusionForcingError(error, code));
  });

  it("refuses weights cut off anywhere, and NaN in them", async () => {
    const whole = await readFile(join(model, weights));
    for (const length of [7, 8, 100, whole.length - 4]) {
      const folder = await changed({ [weights]: whole.subarray(0, length) });
      await expect(loadPlanner(folder)).rejects.toSatisfy((error) => isDiffusionForcingError(error, "corrupt-file"));
    }
    const spoilt = Uint8Array.from(whole);
    spoilt.fill(0xff, spoilt.length - 4);
    await expect(loadPlanner(await changed({ [weights]: spoilt }))).rejects.toThrow(/Parameter ".*" holds NaN/);
  });

  it("makes every command that needs the model exit with 1", async () => {
    const folder = await changed({ [weights]: "" });
    const out = join(folder, "out");
    for (const args of [["plan", "--out", out], ["eval"], ["export", "--out", join(out, "m.onnx")]]) {
      const { code, stdout, stderr } = await dforce(...args, "--model", folder);
      expect(stderr).toContain(`The model in ${folder} cannot be used: model.safetensors: `);
      expect([code, stdout]).toEqual([1, ""]);
    }
    const inspected = await dforce("inspect", folder);
    expect(inspected.stderr).toContain(`${join(folder, weights)}: safetensors: the file has 0 bytes`);
    expect(inspected.code).toBe(1);
  });
});

describe("modelFolder", () => {
  it("finds bundled models in the tasks package, and takes other names as paths", async () => {
    expect(modelFolder("umaze")).toMatch(/tasks[\\/]models[\\/]maze2d-umaze$/);
    expect(modelFolder("./umaze")).toBe("./umaze");
    const folder = join(await temporaryFolder(), "toString");
    await mkdir(folder);
    await expect(loadPlanner(folder)).rejects.toThrow("config.json cannot be read");
    await expect(loadPlanner("toString")).rejects.toThrow('There is no model "toString"');
  });
});
