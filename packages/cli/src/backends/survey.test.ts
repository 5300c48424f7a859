import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder } from "../testing/cli.js";
import type { Finding } from "./finding.js";
import { type SurveyOptions, surveyDevices } from "./survey.js";

const gizmo = { name: "gizmo", devices: ["a", "b"] };

async function survey(script: string, options: SurveyOptions = {}): Promise<Finding[]> {
  const child = join(await temporaryFolder(), "child.mjs");
  await writeFile(child, script);
  const found: Finding[] = [];
  for await (const finding of surveyDevices([gizmo], { child, ...options })) found.push(finding);
  return found;
}

const works = { available: true, parity: 1e-6, worst: "gather", matmulMilliseconds: 1, trainingStepMilliseconds: 2 };

describe("surveyDevices", () => {
  it("asks one process per device", async () => {
    const script = `process.send({ ...${JSON.stringify(works)}, version: process.argv.slice(2).join(" ") });`;
    expect(await survey(script)).toEqual([
      { name: "gizmo", device: "a", ...works, version: "gizmo a" },
      { name: "gizmo", device: "b", ...works, version: "gizmo b" },
    ]);
  });

  it("survives a device whose library aborts, and goes on with the next", async () => {
    const script = `
      if (process.argv[3] === "b") process.send(${JSON.stringify(works)});
      else { console.error("fatal: lost the GPU"); setTimeout(() => process.abort(), 50); }`;
    expect(await survey(script)).toEqual([
      {
        name: "gizmo",
        device: "a",
        available: false,
        code: "backend-failure",
        reason: expect.stringMatching(/^its process ended by SIGABRT; it said: .*fatal: lost the GPU/),
      },
      { name: "gizmo", device: "b", ...works },
    ]);
  });

  it("waits no longer than it may", async () => {
    const [hung] = await survey("setInterval(() => {}, 1000);", { timeoutMilliseconds: 300 });
    expect(hung).toMatchObject({ available: false, reason: "no answer within 0.3 s" });
  });

  it("reports a process that ends without an answer", async () => {
    const [quiet] = await survey("process.exit(3);");
    expect(quiet).toMatchObject({ available: false, reason: "its process ended with code 3" });
  });
});
