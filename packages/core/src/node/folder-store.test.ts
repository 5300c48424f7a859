import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { isDiffusionForcingError } from "../engine/errors.js";
import { folderStore } from "./folder-store.js";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "folder-store-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it("writes files of a new folder in one piece each, and reads them bounded by their size", async () => {
  const store = folderStore(join(folder, "new", "deep"));
  await store.write({ "a.bin": Uint8Array.of(1, 2), "b.bin": Uint8Array.of(3) });
  await store.write({ "a.bin": Uint8Array.of(4, 5) });
  expect((await readdir(join(folder, "new", "deep"))).sort()).toEqual(["a.bin", "b.bin"]);
  expect(await store.read("a.bin", { maxBytes: 2 })).toEqual(Uint8Array.of(4, 5));
  expect(await store.read("c.bin", { maxBytes: 2 })).toBe(undefined);
  await expect(store.read("a.bin", { maxBytes: 1 })).rejects.toThrow("has 2 bytes; at most 1");
  await expect(store.read("../x", { maxBytes: 1 })).rejects.toThrow("A bundle has no file");
});

it("says what cannot be read or written", async () => {
  await mkdir(join(folder, "config.json"));
  const read = folderStore(folder).read("config.json", { maxBytes: 9 });
  await expect(read).rejects.toSatisfy((error) => isDiffusionForcingError(error, "read-failed"));
  await writeFile(join(folder, "file"), "");
  const write = folderStore(join(folder, "file")).write({ "a.bin": new Uint8Array(1) });
  await expect(write).rejects.toSatisfy((error) => isDiffusionForcingError(error, "write-failed"));
});
