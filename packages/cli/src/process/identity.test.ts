import { spawn } from "node:child_process";
import { expect, it } from "vitest";
import { identityFromText, identityText, lookFor, ownIdentity } from "./identity.js";

it("finds this process alive", () => {
  expect(lookFor(ownIdentity())).toBe("alive");
});

it("finds a process that has ended dead, and one whose number another has got", async () => {
  const child = spawn(process.execPath, ["--version"], { stdio: "ignore" });
  await new Promise((resolve) => child.on("close", resolve));
  expect(lookFor({ ...ownIdentity(), pid: child.pid as number })).toBe("dead");
  if (process.platform !== "win32") expect(lookFor({ ...ownIdentity(), started: "1" })).toBe("dead");
});

it("says so where it cannot see: another machine, another container", () => {
  expect(lookFor({ ...ownIdentity(), place: "elsewhere" })).toBe("elsewhere");
});

it("fits into a file's name and comes back", () => {
  expect(identityText(ownIdentity())).toMatch(/^\d+-\w*-[0-9a-f]{16}$/);
  expect(identityFromText(identityText(ownIdentity()))).toEqual(ownIdentity());
  expect(identityFromText("5f2a")).toBeUndefined();
});
