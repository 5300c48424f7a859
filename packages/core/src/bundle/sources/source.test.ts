import { describe, expect, it } from "vitest";
import { isDiffusionForcingError } from "../../engine/errors.js";
import { checkFileName, filesStore } from "./source.js";

describe("file names", () => {
  it.each(["config.json", "model.safetensors", "a", "A-1_b.c"])("%s is one", (name) => {
    expect(() => checkFileName(name)).not.toThrow();
  });

  it.each([
    "",
    ".",
    "..",
    "../x",
    "a/../b",
    "/etc/passwd",
    "a/b",
    "a\\b",
    "C:x",
    "C:\\x",
    ".hidden",
    "a.",
    "a\0b",
    "x".repeat(201),
  ])("%j is none", async (name) => {
    expect(() => checkFileName(name)).toThrow("A bundle has no file");
    const read = filesStore({ [name]: new Uint8Array(1) }).read(name, { maxBytes: 10 });
    await expect(read).rejects.toSatisfy((error) => isDiffusionForcingError(error, "invalid-argument"));
  });
});

it("files in memory are read, bounded, and written", async () => {
  const files: Record<string, Uint8Array> = { "a.bin": Uint8Array.of(1, 2, 3) };
  const store = filesStore(files);
  expect(await store.read("a.bin", { maxBytes: 3 })).toEqual(Uint8Array.of(1, 2, 3));
  expect(await store.read("toString", { maxBytes: 3 })).toBe(undefined);
  await expect(store.read("a.bin", { maxBytes: 2 })).rejects.toThrow("a.bin has 3 bytes; at most 2 belong to");
  await store.write({ "b.bin": Uint8Array.of(4) });
  expect(files["b.bin"]).toEqual(Uint8Array.of(4));
});
