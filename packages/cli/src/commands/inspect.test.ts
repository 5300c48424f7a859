import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { encodeSafetensors } from "@diffusion-forcing/core/bundle";
import { beforeAll, describe, expect, it } from "vitest";
import { dforce, temporaryFolder, trainTiny } from "../testing/cli.js";

let model = "";
beforeAll(async () => {
  model = await trainTiny({ steps: 1 });
});

describe("dforce inspect", () => {
  it("shows the weights of a model folder, as text and as JSON", async () => {
    const { code, stdout } = await dforce("inspect", model, "--json");
    expect(code).toBe(0);
    const { tensors, ...rest } = JSON.parse(stdout);
    expect(rest).toEqual({
      file: join(model, "model.safetensors"),
      kind: "safetensors",
      summary: { tensors: tensors.length, values: expect.any(Number) },
      metadata: {},
    });
    expect(tensors).toContainEqual({ name: "output.weight", type: "float32[20, 8]" });
    const text = await dforce("inspect", model);
    expect(text.stdout).toMatch(/model\.safetensors \(safetensors\)\n {2}tensors +\d+\n {2}values +\d+\n/);
    expect(text.stdout).toMatch(/\n {2}output\.weight +float32\[20, 8\]\n/);
    expect(text.code).toBe(0);
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
    expect(JSON.parse(stdout).summary).toEqual({ tensors: 1, values: 2 });
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
    ["config.json", "{}", /config\.json: safetensors: the file has 2 bytes.*\[corrupt-file\]/],
  ])("exits with 1 for %s holding %j", async (name, content, message) => {
    const path = join(await temporaryFolder(), name);
    if (content !== undefined) await writeFile(path, content);
    const { code, stdout, stderr } = await dforce("inspect", path);
    expect(stderr).toMatch(message);
    expect([code, stdout]).toEqual([1, ""]);
  });

  it("exits with 1 for a folder without a model", async () => {
    const { code, stderr } = await dforce("inspect", await temporaryFolder());
    expect(stderr).toMatch(/model\.safetensors cannot be read: ENOENT/);
    expect(code).toBe(1);
  });
});
