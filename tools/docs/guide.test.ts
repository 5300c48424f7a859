import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { programOf } from "./guide.js";

const folder = "out/guide";
const program = `${folder}/guide.ts`;
const bin = (name: string, path: string): string =>
  join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), path);

/** Runs a program of Node on the guide's and returns what it printed, or fails with that. */
function run(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  expect(status, `${stdout}${stderr}`).toBe(0);
  return stdout;
}

it("docs/guide.md is a program that compiles and runs", () => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(program, programOf(readFileSync("docs/guide.md", "utf8")));
  const config = { extends: "../../tsconfig.json", include: ["guide.ts"], compilerOptions: { noEmit: true } };
  writeFileSync(`${folder}/tsconfig.json`, JSON.stringify(config));
  run(bin("typescript", "bin/tsc"), "-p", folder);
  const printed = run("--import", "tsx", "--conditions=source", program);
  expect(printed).toContain("step 300: loss");
  expect(printed).toContain("[ 1, 4, 2 ] 23\n");
}, 120_000);
