import { spawn } from "node:child_process";
import { mkdir, readdir, readFile, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isDiffusionForcingError } from "@diffusion-forcing/core";
import { describe, expect, it, vi } from "vitest";
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

  it("says so where a folder stands in the place of the gate, or of the lock", async () => {
    for (const name of [".dforce-lock-gate", lockFile]) {
      const folder = await temporaryFolder();
      await mkdir(join(folder, name));
      await utimes(join(folder, name), 1, 1);
      await expect(lockRun(folder)).rejects.toSatisfy((error) => isDiffusionForcingError(error));
    }
  });

  it("takes over a gate from the future, as a clock that was set back leaves one, after waiting for it", async () => {
    const folder = await temporaryFolder();
    const gate = join(folder, ".dforce-lock-gate");
    await writeFile(gate, "");
    const tomorrow = Date.now() / 1000 + 86_400;
    await utimes(gate, tomorrow, tomorrow);
    const waited = vi.spyOn(performance, "now");
    let now = 0;
    waited.mockImplementation(() => {
      now += 4000;
      return now;
    });
    (await lockRun(folder)).release();
    waited.mockRestore();
    expect(await readdir(folder)).toEqual([]);
  });

  it("keeps out of a folder that another machine has locked, and says what to do", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, lockFile), owner({ place: "0" }));
    await expect(lockRun(folder)).rejects.toThrow(/on there has been training.*if that process has ended.*delete /);
  });
});
