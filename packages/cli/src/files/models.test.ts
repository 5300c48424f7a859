import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  createRandom,
  type ErrorCode,
  initializeParameters,
  isDiffusionForcingError,
  modelFromConfig,
} from "@diffusion-forcing/core";
import { encodeWeights } from "@diffusion-forcing/core/bundle";
import { beforeAll, describe, expect, it } from "vitest";
import { dforce, temporaryFolder, tinyRecipe, trainTiny } from "../testing/cli.js";
import { loadPlanner, modelFolder } from "./models.js";

let model = "";
beforeAll(async () => {
  model = await trainTiny({ steps: 1 });
});

type Config = Record<string, Record<string, unknown>>;

/** What becomes of a file: other content, nothing, or an edited configuration. */
type Change = string | Uint8Array | undefined | ((config: Config) => object);

/** A copy of the model with some files replaced, removed or edited. */
async function changed(files: Readonly<Record<string, Change>>): Promise<string> {
  const folder = await temporaryFolder();
  for (const name of ["config.json", "model.safetensors"]) {
    await copyFile(join(model, name), join(folder, name));
  }
  for (const [name, change] of Object.entries(files)) {
    const edit = (config: string): string =>
      JSON.stringify((change as (config: Config) => object)(JSON.parse(config) as Config));
    if (change === undefined) await rm(join(folder, name));
    else if (typeof change === "function") {
      await writeFile(join(folder, name), edit(await readFile(join(folder, name), "utf8")));
    } else await writeFile(join(folder, name), change);
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
const config =
  (changes: object) =>
  (stored: Config): object => ({ ...stored, ...changes });
const process = (changes: object) => (stored: Config) => ({ ...stored, process: { ...stored.process, ...changes } });
const architecture = (changes: object) => (stored: Config) => ({ ...stored, model: { ...stored.model, ...changes } });

describe("loadPlanner", () => {
  it("reads a model folder", async () => {
    const { config, normalizer, parameters } = await loadPlanner(model);
    expect(config).toEqual({ ...planner, model: modelFromConfig(planner.model).config });
    expect(normalizer.mean).toHaveLength(2);
    expect(parameters["output.bias"]?.shape).toEqual([20]);
  });

  const weights = "model.safetensors";
  /** The weights as other programs save them, without a fingerprint. */
  const bare = encodeWeights(initializeParameters(modelFromConfig(planner.model), createRandom(0)));
  it.each<[string, Record<string, Change>, ErrorCode, string | RegExp]>([
    ["no weights", { [weights]: undefined }, "read-failed", "there is no model.safetensors; a bundle holds"],
    ["no config", { "config.json": undefined }, "read-failed", "there is no config.json; a bundle holds"],
    [
      "no codec",
      { "config.json": config({ codec: undefined }), [weights]: bare },
      "invalid-config",
      "A planner's codec",
    ],
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
      "integers for weights",
      { [weights]: safetensors({ a: { dtype: "I32", shape: [1], data_offsets: [0, 4] } }, 4) },
      "corrupt-file",
      'Tensor "a" is int32; weights are float32, F16 or BF16',
    ],
    ["no tensors at all", { [weights]: safetensors({}, 0) }, "checkpoint-mismatch", 'Parameter "embedding1.weight"'],
    [
      "the config of another width",
      { "config.json": architecture({ width: 16 }) },
      "checkpoint-mismatch",
      "was saved with another config.json",
    ],
    [
      "the config of more layers, with weights that carry no fingerprint",
      { "config.json": architecture({ layers: 2 }), [weights]: bare },
      "checkpoint-mismatch",
      'Parameter "layers.1.attention.query.weight" [8, 8] is missing',
    ],
    ["a config that is no JSON", { "config.json": "{" }, "corrupt-file", "config.json: this is not valid JSON"],
    [
      "a config before bundles",
      { "config.json": JSON.stringify(planner) },
      "invalid-config",
      "`dforce convert FOLDER --out NEW`",
    ],
    [
      "an unknown maze",
      {
        "config.json": ({ task, ...rest }) => ({ ...rest, task: { ...task, maze: { name: "tiny", layout: "" } } }),
        [weights]: bare,
      },
      "invalid-config",
      'maze.name is "tiny"; expected "umaze" or',
    ],
    [
      "an unknown schedule",
      { "config.json": process({ schedule: { kind: "quadratic", levels: 10 } }) },
      "invalid-schedule",
      'schedule\'s kind is "quadratic"; the known ones are linear, cosine, sigmoid',
    ],
    [
      "a model too large to exist",
      { "config.json": architecture({ layers: 1e9 }) },
      "invalid-config",
      "model.layers is 1000000000; expected at most 65536",
    ],
    [
      "a misspelt field",
      { "config.json": process({ clipnoise: 3 }) },
      "invalid-config",
      "there is no option clipnoise",
    ],
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
    await expect(loadPlanner(folder)).rejects.toThrow("there is no config.json");
    await expect(loadPlanner("toString")).rejects.toThrow('There is no model "toString"');
  });
});
