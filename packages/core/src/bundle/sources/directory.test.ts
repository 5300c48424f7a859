import { expect, it } from "vitest";
import { isDiffusionForcingError } from "../../engine/errors.js";
import { type DirectoryHandle, directoryStore } from "./directory.js";

/** A directory as the browser's private file system has it, its files in a record. */
function directory(files: Record<string, Uint8Array<ArrayBuffer>>): DirectoryHandle {
  return {
    name: "models",
    async getFileHandle(name, { create = false } = {}) {
      if (!(name in files) && !create) throw Object.assign(new Error("not there"), { name: "NotFoundError" });
      return {
        getFile: async () => {
          const bytes = files[name] as Uint8Array<ArrayBuffer>;
          return { size: bytes.length, arrayBuffer: async () => bytes.slice().buffer };
        },
        createWritable: async () => {
          let written = new Uint8Array(0);
          return {
            write: async (data) => {
              if (name === "full.bin") throw new Error("quota exceeded");
              written = data;
            },
            close: async () => {
              files[name] = written;
            },
          };
        },
      };
    },
  };
}

it("reads and writes files of a directory handle, bounded by their size", async () => {
  const files: Record<string, Uint8Array<ArrayBuffer>> = {};
  const store = directoryStore(directory(files));
  await store.write({ "a.bin": Uint8Array.of(1, 2) });
  expect(files).toEqual({ "a.bin": Uint8Array.of(1, 2) });
  expect(await store.read("a.bin", { maxBytes: 2 })).toEqual(Uint8Array.of(1, 2));
  expect(await store.read("b.bin", { maxBytes: 2 })).toBe(undefined);
  await expect(store.read("a.bin", { maxBytes: 1 })).rejects.toThrow("a.bin has 2 bytes; at most 1");
  const write = store.write({ "full.bin": Uint8Array.of(1) });
  await expect(write).rejects.toThrow("full.bin in models could not be written: quota exceeded.");
  await expect(write).rejects.toSatisfy((error) => isDiffusionForcingError(error, "write-failed"));
});
