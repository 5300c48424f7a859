import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { programOf } from "./guide.js";

const folder = "out/related";
const pages = readdirSync("docs/related").map((file) => file.replace(/\.md$/, ""));

/** Runs a program of Node on the page's and returns what it printed, or fails with that. */
function run(...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: "utf8" });
  expect(status, `${stdout}${stderr}`).toBe(0);
  return stdout;
}

describe("docs/related", () => {
  mkdirSync(folder, { recursive: true });
  for (const page of pages)
    writeFileSync(`${folder}/${page}.ts`, programOf(readFileSync(`docs/related/${page}.md`, "utf8")));

  it.each(pages)(
    "%s.md holds a program that runs",
    (page) => {
      expect(run("--import", "tsx", "--conditions=source", `${folder}/${page}.ts`)).not.toBe("");
    },
    60_000,
  );

  it("holds programs that compile", () => {
    const config = { extends: "../../tsconfig.json", include: ["*.ts"], compilerOptions: { noEmit: true } };
    writeFileSync(`${folder}/tsconfig.json`, JSON.stringify(config));
    const typescript = dirname(createRequire(import.meta.url).resolve("typescript/package.json"));
    run(join(typescript, "bin/tsc"), "-p", folder);
  }, 120_000);
});
