import { spawn } from "node:child_process";
import { readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ownIdentity } from "../process/identity.js";
import { temporaryFolder } from "../testing/cli.js";
import { lockFile, lockRun } from "./run-lock.js";

const owner = (change: object): string => JSON.stringify({ ...ownIdentity(), host: "there", since: "then", ...change });

describe("lockRun", () => {
  it("keeps others out until it is released", async () => {
    const folder = await temporaryFolder();
    const lock = await lockRun(folder);
    await expect(lockRun(folder)).rejects.toThrow(
      new RegExp(`^process ${process.pid} has been training into .* since 20\\d\\d-.*another folder with --out`),
    );
    lock.release();
    expect(await readdir(folder)).toEqual([]);
    (await lockRun(folder)).release();
  });

  it("lets one of many in that come at once", async () => {
    const folder = await temporaryFolder();
    const outcomes = await Promise.allSettled(Array.from({ length: 20 }, () => lockRun(folder)));
    const held = outcomes.filter((outcome) => outcome.status === "fulfilled");
    expect(held).toHaveLength(1);
    held[0]?.value.release();
  });

  it("takes over the lock of a process that has died, and of a number that another process has got", async () => {
    const child = spawn(process.execPath, ["--version"], { stdio: "ignore" });
    await new Promise((resolve) => child.on("close", resolve));
    for (const change of [{ pid: child.pid }, ...(process.platform === "win32" ? [] : [{ started: "1" }])]) {
      const folder = await temporaryFolder();
      await writeFile(join(folder, lockFile), owner(change));
      const lock = await lockRun(folder);
      expect(JSON.parse(await readFile(join(folder, lockFile), "utf8")).pid).toBe(process.pid);
      lock.release();
    }
  });

  it("takes over what a writer that was killed left: an empty lock, an old gate", async () => {
    const folder = await temporaryFolder();
    const gate = join(folder, ".dforce-lock-gate");
    await writeFile(join(folder, lockFile), "");
    await writeFile(gate, "");
    await utimes(gate, 1, 1);
    (await lockRun(folder)).release();
    expect(await readdir(folder)).toEqual([]);
  });

  it("keeps out of a folder that another machine has locked, and says what to do", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, lockFile), owner({ place: "0" }));
    await expect(lockRun(folder)).rejects.toThrow(/on there has been training.*if that process has ended.*delete /);
  });
});
