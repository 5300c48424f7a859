import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encodeSafetensors } from "@diffusion-forcing/core/bundle";
import { beforeAll, describe, expect, it } from "vitest";
import { dforce, temporaryFolder, tinyRecipe, trainTiny } from "../testing/cli.js";

let model = "";
beforeAll(async () => {
  model = await trainTiny({ steps: 1 });
});

describe("dforce inspect", () => {
  it("shows the weights of a model folder, as text and as JSON", async () => {
    const { code, stdout } = await dforce("inspect", model, "--json");
    expect(code).toBe(0);
    const { tensors, model: about, ...rest } = JSON.parse(stdout);
    expect(rest).toEqual({
      file: join(model, "model.safetensors"),
      kind: "safetensors",
      summary: { bytes: expect.any(Number), tensors: 24, values: expect.any(Number), types: "float32 24" },
      metadata: { config: expect.stringMatching(/^[0-9a-f]{64}$/), format: "diffusion-forcing-weights-1" },
    });
    expect(tensors).toContainEqual({ name: "output.weight", type: "float32[20, 8]" });
    expect(about).toEqual({
      config: expect.objectContaining({ kind: "diffusion-forcing", task: expect.objectContaining({ kind: "maze2d" }) }),
      training: { ...tinyRecipe, training: { ...tinyRecipe.training, steps: 1 } },
      result: expect.objectContaining({ steps: 1, task: "maze2d", maze: "umaze" }),
    });
  });

  it("says what a model is and how it was trained, and lists its tensors when asked to", async () => {
    const { code, stdout } = await dforce("inspect", model);
    expect(stdout).toMatch(/^model\n {2}kind +diffusion-forcing\n/);
    expect(stdout).toMatch(/\n {2}process +variance-preserving, schedule \(linear, levels 100\), objective x0,/);
    expect(stdout).toMatch(/\n {2}task +maze2d, maze \(umaze,/);
    expect(stdout).toMatch(/\n {2}model +transformer, features 20, .*width 8,/);
    expect(stdout).toMatch(/\ntraining\n {2}steps +1\n[\s\S]*\n {2}seed +3\nresult\n/);
    expect(stdout).toMatch(
      /model\.safetensors \(safetensors\)\n[\s\S]*\n {2}bytes +\d+ \(0\.0 MB\)\n {2}tensors +24\n/,
    );
    expect(stdout).not.toContain("output.weight");
    expect(code).toBe(0);
    const listed = await dforce("inspect", model, "--tensors");
    expect(listed.stdout).toMatch(/\n {2}output\.weight +float32\[20, 8\]\n/);
    expect((await dforce("inspect", "umaze")).stdout).toMatch(
      /\ncard\n +A Diffusion Forcing planner for the umaze maze/,
    );
  });

  it("keeps lines short, of an .onnx file too", async () => {
    const out = join(await temporaryFolder(), "step.onnx");
    await dforce("export", "--model", model, "--out", out);
    const { stdout } = await dforce("inspect", out);
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(100);
    expect(stdout).toMatch(/\n {2}operators +\w+ \d+, /);
    expect(stdout).toMatch(/\n {2}output clean +float32\[1, 3, 20\]/);
  });

  it("shows a checkpoint's step and seed", async () => {
    const { stdout } = await dforce("inspect", join(model, "checkpoint.safetensors"), "--json");
    expect(JSON.parse(stdout).metadata).toMatchObject({
      step: "1",
      seed: "3",
      "trained-on": expect.stringContaining('"maze":"umaze"'),
    });
  });

  it("does not let a file's own metadata pose as what was counted", async () => {
    const path = join(await temporaryFolder(), "a.safetensors");
    const tensors = { a: { dtype: "float32", shape: [2], data: new Float32Array(2) } } as const;
    await writeFile(path, encodeSafetensors(tensors, { tensors: "99", note: "\u001b[31mred\nline" }));
    const { stdout } = await dforce("inspect", path, "--json");
    expect(JSON.parse(stdout).summary).toMatchObject({ tensors: 1, values: 2 });
    const text = (await dforce("inspect", path)).stdout;
    expect(text).toMatch(/\n {2}tensors +1\n/);
    expect(text).toContain("\u25a1[31mred\u25a1line\n");
  });

  it.each<[string, string | undefined, RegExp]>([
    ["none.onnx", undefined, /There is no file or folder .*none\.onnx\. \[invalid-argument\]/],
    [
      "bad.onnx",
      "not a protobuf",
      /bad\.onnx: The bytes (are not a readable ONNX model|hold no ONNX graph).*\[corrupt-file\]/,
    ],
    ["empty.onnx", "", /empty\.onnx: The bytes hold no ONNX graph.*\[corrupt-file\]/],
    ["config.json", "{}", /config\.json: safetensors: this is no safetensors file but JSON text\. \[corrupt-file\]/],
  ])("exits with 1 for %s holding %j", async (name, content, message) => {
    const path = join(await temporaryFolder(), name);
    if (content !== undefined) await writeFile(path, content);
    const { code, stdout, stderr } = await dforce("inspect", path);
    expect(stderr).toMatch(message);
    expect([code, stdout]).toEqual([1, ""]);
  });

  it("exits with 1 for a folder without a model", async () => {
    const { code, stderr } = await dforce("inspect", await temporaryFolder());
    expect(stderr).toMatch(/model\.safetensors cannot be read: there is no such file/);
    expect(code).toBe(1);
  });
});
