import { execFileSync } from "node:child_process";
import { link, lstat, mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { temporaryFolder } from "../testing/cli.js";
import { writeAtomically } from "./atomic-write.js";
import { checkOutputs } from "./outputs.js";

let folder = "";
let input = "";
const at = (name: string): string => join(folder, name);
beforeEach(async () => {
  folder = await temporaryFolder();
  input = at("weights");
  await writeFile(input, "precious");
});

describe("checkOutputs", () => {
  it("lets new files pass, in folders that are not there yet too", async () => {
    await checkOutputs({ files: [at("new"), join(at("no"), "folder", "new")], inputs: [input, at("missing")] });
  });

  it("refuses a file that is there unless it is told to overwrite", async () => {
    await writeFile(at("old"), "");
    await expect(checkOutputs({ files: [at("old")], inputs: [input] })).rejects.toThrow(
      `${at("old")} is there already. Choose another --out, or give --force to overwrite it.`,
    );
    await checkOutputs({ files: [at("old")], inputs: [input], force: true });
  });

  it("refuses to write a folder, and over a link that leads nowhere", async () => {
    await mkdir(at("taken"));
    await expect(checkOutputs({ files: [at("taken")], inputs: [], force: true })).rejects.toThrow(
      "taken could not be written: EISDIR",
    );
    await symlink(at("nothing"), at("dangling"));
    await expect(checkOutputs({ files: [at("dangling")], inputs: [] })).rejects.toThrow("is there already");
  });

  it.skipIf(process.platform === "win32")("takes no pipe or device away (needs mkfifo)", async () => {
    execFileSync("mkfifo", [at("pipe")]);
    for (const write of [
      () => checkOutputs({ files: [at("pipe")], inputs: [], force: true }),
      () => writeAtomically(at("pipe"), "words"),
    ]) {
      await expect(write()).rejects.toThrow("pipe could not be written: it is no plain file. Choose another --out.");
    }
    expect((await lstat(at("pipe"))).isFIFO()).toBe(true);
  });

  it("never lets the input be overwritten, by whatever name", async () => {
    await mkdir(at("inner"));
    await symlink(input, at("symbolic"));
    await link(input, at("hard"));
    await symlink(folder, join(folder, "inner", "up"));
    const names = [input, at("symbolic"), at("hard"), `${folder}/inner/../weights`, join(at("inner"), "up", "weights")];
    for (const name of names) {
      await expect(checkOutputs({ files: [name], inputs: [input], force: true }), name).rejects.toThrow(
        /what is read, and would be lost/,
      );
      await expect(checkOutputs({ files: [input], inputs: [name], force: true }), name).rejects.toThrow(
        /would be lost/,
      );
    }
    expect(await readFile(input, "utf8")).toBe("precious");
  });
});
