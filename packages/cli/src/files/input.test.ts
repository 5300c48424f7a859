import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDiffusionForcingError } from "@diffusion-forcing/core";
import { expect, it } from "vitest";
import { dforce, temporaryFolder } from "../testing/cli.js";
import { readInput } from "./input.js";

it("reads a file up to its bound, and names what cannot be read", async () => {
  const folder = await temporaryFolder();
  const path = join(folder, "data.csv");
  await writeFile(path, "1,2\n");
  expect(await readInput(path, 4)).toEqual(new TextEncoder().encode("1,2\n"));
  await expect(readInput(path, 3)).rejects.toThrow(`${path} cannot be read: it has 4 bytes; expected at most 3.`);
  await expect(readInput(folder, 3)).rejects.toThrow(`${folder} cannot be read: `);
  const missing = readInput(join(folder, "none"), 3);
  await expect(missing).rejects.toThrow("cannot be read: there is no such file.");
  await expect(missing).rejects.toSatisfy((error) => isDiffusionForcingError(error, "invalid-argument"));
});

it.skipIf(!existsSync("/dev/zero"))("waits for no file that never ends (needs /dev)", async () => {
  for (const command of [
    ["inspect", "/dev/zero"],
    ["train", "maze2d", "--config", "/dev/zero", "--out", join(await temporaryFolder(), "run")],
    ["convert", "/dev/zero", "--config", "/dev/zero", "--out", join(await temporaryFolder(), "out.safetensors")],
    ["plan", "--maze", "/dev/zero"],
  ]) {
    const { code, stderr } = await dforce(...command);
    expect([code, stderr]).toEqual([1, expect.stringContaining("/dev/zero cannot be read: it is no plain file.")]);
  }
});
