import { execFileSync } from "node:child_process";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { canReplace } from "./can-replace.js";
import { folderStore } from "./folder-store.js";

it.skipIf(process.platform === "win32")("nothing is renamed over a pipe (needs mkfifo)", async () => {
  const folder = await mkdtemp(join(tmpdir(), "can-replace-"));
  const at = (name: string): string => join(folder, name);
  await writeFile(at("file"), "");
  await symlink("nowhere", at("link"));
  execFileSync("mkfifo", [at("pipe")]);
  const answers = await Promise.all(["none", "file", "link", "pipe"].map((name) => canReplace(at(name))));
  expect(answers).toEqual([true, true, true, false]);
  await expect(folderStore(folder).write({ pipe: Uint8Array.of(1) })).rejects.toThrow(
    /pipe could not be written: it is no plain file\./,
  );
  await rm(folder, { recursive: true });
});
