import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { readPlainFile } from "./read-plain-file.js";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "read-plain-file-"));
});
afterEach(() => rm(folder, { recursive: true }));

const any = (): void => {};

describe("readPlainFile", () => {
  it("reads a file, also through a link, and says how long it is before it does", async () => {
    await writeFile(join(folder, "file"), "abc");
    await symlink(join(folder, "file"), join(folder, "link"));
    const sizes: number[] = [];
    for (const name of ["file", "link"]) {
      const bytes = await readPlainFile(join(folder, name), (size) => sizes.push(size));
      expect(bytes).toEqual(Uint8Array.of(97, 98, 99));
      expect(bytes?.buffer).toBeInstanceOf(ArrayBuffer);
    }
    expect(sizes).toEqual([3, 3]);
    const tooLong = readPlainFile(join(folder, "file"), () => {
      throw new Error("too long");
    });
    await expect(tooLong).rejects.toThrow("too long");
  });

  it("knows no file from one that cannot be read", async () => {
    await writeFile(join(folder, "file"), "");
    await symlink("nothing", join(folder, "link"));
    for (const name of ["none", "file/below", "link"]) {
      expect(await readPlainFile(join(folder, name), any)).toBeUndefined();
    }
    await expect(readPlainFile(folder, any)).rejects.toThrow("it is a folder");
    await expect(readPlainFile(join(folder, "x".repeat(300)), any)).rejects.toMatchObject({ code: "ENAMETOOLONG" });
  });

  it.skipIf(!existsSync("/dev/zero"))("does not wait for what never ends or never begins (needs /dev)", async () => {
    execFileSync("mkfifo", [join(folder, "pipe")]);
    for (const path of ["/dev/zero", "/dev/null", join(folder, "pipe")]) {
      await expect(readPlainFile(path, any)).rejects.toThrow("it is no plain file");
    }
  });
});
