import { spawn } from "node:child_process";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDiffusionForcingError } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { identityText, ownIdentity } from "../process/identity.js";
import { temporaryFolder } from "../testing/cli.js";
import { ensureWritable, writeAtomically } from "./atomic-write.js";

const isWriteFailed = (error: unknown): boolean => isDiffusionForcingError(error, "write-failed");

describe("writeAtomically", () => {
  it("writes text and bytes, over what was there", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "a.bin");
    await writeAtomically(path, "long old content");
    await writeAtomically(path, Uint8Array.of(1, 2, 255));
    expect([...(await readFile(path))]).toEqual([1, 2, 255]);
    expect(await readdir(folder)).toEqual(["a.bin"]);
  });

  it("shows a reader the old content or the new, never a part", async () => {
    const path = join(await temporaryFolder(), "a.txt");
    const contents = ["a", "b"].map((letter) => letter.repeat(300_000));
    await writeAtomically(path, contents[0] as string);
    let done = false;
    const writing = (async () => {
      for (let i = 1; i <= 20; i++) await writeAtomically(path, contents[i % 2] as string);
      done = true;
    })();
    const seen = new Set<string>();
    while (!done) seen.add(await readFile(path, "utf8"));
    await writing;
    for (const content of seen) expect(contents.includes(content), `${content.length} bytes`).toBe(true);
  });

  it("fails without a trace where a folder is in the way or the folder is missing", async () => {
    const folder = await temporaryFolder();
    const path = join(folder, "taken");
    await mkdir(path);
    await expect(writeAtomically(path, "x")).rejects.toThrow(`${path} could not be written: EISDIR`);
    await expect(writeAtomically(path, "x")).rejects.toSatisfy(isWriteFailed);
    await expect(writeAtomically(join(folder, "no", "a"), "x")).rejects.toSatisfy(isWriteFailed);
    expect(await readdir(folder)).toEqual(["taken"]);
  });
});

describe("ensureWritable", () => {
  it("makes the folder and its parents, and leaves nothing in it", async () => {
    const folder = join(await temporaryFolder(), "a", "b");
    await ensureWritable(folder);
    await ensureWritable(folder);
    expect(await readdir(folder)).toEqual([]);
  });

  it("names the folder and the way out where a file is in the way", async () => {
    const file = join(await temporaryFolder(), "taken");
    await writeFile(file, "");
    await expect(ensureWritable(file)).rejects.toThrow(
      /taken cannot be written to \(EEXIST.*Choose another with --out/,
    );
    await expect(ensureWritable(join(file, "b"))).rejects.toSatisfy(isWriteFailed);
  });

  it("deletes what killed writers left, and neither what living ones are writing nor anything else", async () => {
    const folder = await temporaryFolder();
    const child = spawn(process.execPath, ["--version"], { stdio: "ignore" });
    await new Promise((resolve) => child.on("close", resolve));
    const temporary = (pid: number) =>
      `.a.onnx.${identityText({ ...ownIdentity(), started: "", pid })}.5f2a.dforce-tmp`;
    const kept = [temporary(process.pid), ".hidden", "a.onnx", "notes.tmp"];
    for (const name of [temporary(child.pid as number), ...kept]) await writeFile(join(folder, name), "");
    await ensureWritable(folder);
    expect((await readdir(folder)).sort()).toEqual(kept.sort());
  });
});
