import { cp, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { dforce, temporaryFolder, trainTiny } from "./testing/cli.js";

let model = "";
let scratch = "";
let count = 0;
beforeAll(async () => {
  model = await trainTiny({ steps: 1 });
  scratch = await temporaryFolder();
}, 60_000);

/** One change of a file: bytes at a place are left out and others put in. */
const edit = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  removed: fc.integer({ min: 0, max: 40 }),
  added: fc.oneof(
    fc.uint8Array({ maxLength: 12 }),
    fc
      .constantFrom("\ufeff", "null", '{"toString":1}', "[[[[", "1e999", '"kind":', "-1", "\u0000", "__proto__")
      .map((text) => new TextEncoder().encode(text)),
  ),
});
const files = ["config.json", "model.safetensors", "training.json", "checkpoint.safetensors"];

describe("whatever the files hold", () => {
  it("a command ends with code 0 or 1, and then with one line that begins with error: and has a code", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...files),
        fc.array(edit, { minLength: 1, maxLength: 3 }),
        async (name, edits) => {
          const folder = join(scratch, String(count++));
          await mkdir(folder);
          await cp(model, folder, { recursive: true });
          let bytes: Uint8Array = await readFile(join(folder, name));
          for (const { at, removed, added } of edits) {
            // Half of the changes hit the first 200 bytes, where headers are.
            const start = Math.floor(at < 0.5 ? at * 2 * Math.min(200, bytes.length) : (at - 0.5) * 2 * bytes.length);
            bytes = Uint8Array.from([...bytes.subarray(0, start), ...added, ...bytes.subarray(start + removed)]);
          }
          await writeFile(join(folder, name), bytes);
          const commands = [
            ["inspect", folder],
            ["inspect", join(folder, name), "--json"],
            ["export", "--model", folder, "--out", join(folder, "a.onnx")],
            [
              "convert",
              join(folder, "model.safetensors"),
              "--config",
              join(folder, name),
              "--out",
              join(folder, "own"),
            ],
            ["train", "--resume", "--out", folder, "--threads", "1", "--quiet", "--minutes", "0.005"],
          ];
          for (const args of commands) {
            const { code, stderr } = await dforce(...args);
            expect([0, 1], stderr).toContain(code);
            expect(stderr).not.toMatch(/\[internal\]|^\s+at /m);
            if (code === 1) expect(stderr).toMatch(/(^|\n)error: [\s\S]* \[[a-z-]+\]\n$/);
          }
        },
      ),
      { numRuns: 60, seed: 1 },
    );
  }, 120_000);
});
