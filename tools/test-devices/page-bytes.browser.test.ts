/// <reference lib="dom" />
import { describe, expect, it } from "vitest";
import { pageBytes } from "./page-bytes.js";

const mebibyte = 2 ** 20;

/** What the page's own garbage may come to meanwhile: engines collect when they like. */
const slack = 8 * mebibyte;

/** (module (memory (export "memory") 1024)): 64 MiB. */
const exportsMemory = Uint8Array.from([
  ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...[5, 4, 1, 0, 0x80, 8], // memory section: one memory of at least 1024 pages
  ...[7, 10, 1, 6, 0x6d, 0x65, 0x6d, 0x6f, 0x72, 0x79, 2, 0], // export section: "memory"
]);

describe("pageBytes", () => {
  it("counts arrays, and no longer what was dropped", async () => {
    const before = await pageBytes();
    const held: { array?: Float32Array } = { array: new Float32Array(8 * mebibyte).fill(1) };
    expect((await pageBytes()) - before).toBeGreaterThan(32 * mebibyte - slack);
    delete held.array;
    expect((await pageBytes()) - before).toBeLessThan(slack);
  });

  it("counts the memory of WebAssembly, its growth included", async () => {
    const before = await pageBytes();
    const { instance } = await WebAssembly.instantiate(exportsMemory);
    expect((await pageBytes()) - before).toBeGreaterThan(64 * mebibyte - slack);
    (instance.exports.memory as WebAssembly.Memory).grow(512);
    expect((await pageBytes()) - before).toBeGreaterThan(96 * mebibyte - slack);
  });
});
