import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { loadBundle } from "@diffusion-forcing/core/bundle";
import { folderStore } from "@diffusion-forcing/core/node";
import { build } from "esbuild";
import { afterAll, beforeAll, expect, it } from "vitest";
import { dforce } from "../testing/cli.js";

// In the repository, so that the project finds the packages without installing anything.
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join("packages", "cli", "init-"));
});
afterAll(() => rm(folder, { recursive: true }));

it("starts a project that trains, and whose page can be bundled", async () => {
  const project = join(folder, "project");
  const made = await dforce("init", project);
  expect([made.code, made.stderr]).toEqual([0, ""]);
  expect(made.stdout).toContain("wrote 8 files");
  expect(JSON.parse(await readFile(join(project, "package.json"), "utf8")).scripts.train).toBe("node train.js");

  const tsx = ["--import", "tsx", "--conditions=source", "train.js", "3"];
  const { stdout } = await promisify(execFile)(process.execPath, tsx, { cwd: project });
  expect(stdout).toContain("wrote public/model");
  expect((await loadBundle(folderStore(join(project, "public/model")))).diffusion.model.config.kind).toBe(
    "transformer",
  );

  const entryPoints = ["main.js", "worker.js"].map((name) => join(project, "src", name));
  const { errors, outputFiles } = await build({
    entryPoints,
    bundle: true,
    write: false,
    outdir: project,
    format: "esm",
    platform: "browser",
    conditions: ["source"],
    external: ["onnxruntime-web/*"],
    logLevel: "silent",
  });
  expect([errors, outputFiles.length]).toEqual([[], 2]);
});

it("overwrites nothing unasked", async () => {
  const project = join(folder, "twice");
  expect((await dforce("init", project)).code).toBe(0);
  const again = await dforce("init", project);
  expect([again.code, again.stderr]).toEqual([1, expect.stringContaining("is there already")]);
  expect((await dforce("init", project, "--force")).code).toBe(0);
  expect((await dforce("init")).code).toBe(2);
  const file = join(project, "package.json");
  for (const place of [file, join(file, "below")]) {
    const { code, stderr } = await dforce("init", place);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/cannot be|could not be/)]);
    expect(stderr).not.toContain("not foreseen");
  }
});
