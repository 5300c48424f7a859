import { existsSync } from "node:fs";
import { mkdtemp, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeFolder } from "./make-folder.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "make-folder-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("makeFolder", () => {
  it("makes a folder and those above it, and leaves what is there", async () => {
    await makeFolder(join(folder, "a", "b", "c"));
    await makeFolder(join(folder, "a", "b", "c"));
    await Promise.all([1, 2, 3].map((i) => makeFolder(join(folder, "a", "d", `${i % 2}`))));
    await makeFolder("/");
    for (const made of ["a/b/c", "a/d/0", "a/d/1"]) expect((await stat(join(folder, made))).isDirectory()).toBe(true);
  });

  it("refuses a path through a file or a link to nothing", async () => {
    await writeFile(join(folder, "file"), "");
    await symlink(join(folder, "nothing", "at all"), join(folder, "link"));
    for (const [path, code] of [
      ["file", "EEXIST"],
      ["file/below", "ENOTDIR"],
      ["link", "EEXIST"],
      ["link/below", "EEXIST"],
    ] as const) {
      await expect(makeFolder(join(folder, path))).rejects.toMatchObject({ code });
    }
  });

  it.skipIf(!existsSync("/proc/self"))("ends where nothing can be made (needs /proc)", async () => {
    await expect(makeFolder("/proc/a folder")).rejects.toMatchObject({ code: "ENOENT" });
    await expect(makeFolder("/proc/a folder/below")).rejects.toMatchObject({ code: "ENOENT" });
  });
});
