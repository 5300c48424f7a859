import { appendFile, mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { temporaryFolder } from "../testing/cli.js";
import { openMetricsLog } from "./metrics-log.js";

const step = (number: number) => ({
  step: number,
  loss: 0.5,
  gradientNorm: null,
  learningRate: 0.001,
  seconds: number / 4,
});

it("writes JSON lines and CSV of the same steps, and goes on after the last checkpoint without a step twice", async () => {
  const folder = await temporaryFolder();
  const first = await openMetricsLog(folder, 0);
  for (const number of [1, 2, 3]) first.add(step(number));
  await first.flush();
  await appendFile(join(folder, "metrics.jsonl"), '{"step":4,"lo'); // killed here, the checkpoint is of step 2
  const second = await openMetricsLog(folder, 2);
  expect(second.secondsBefore).toBe(0.5);
  second.add({ ...step(3), gradientNorm: 1.25, validationLoss: 0.4 });
  await second.flush();
  expect(await readFile(join(folder, "metrics.csv"), "utf8")).toBe(
    "step,loss,gradientNorm,learningRate,validationLoss,seconds\n1,0.5,,0.001,,0.25\n2,0.5,,0.001,,0.5\n3,0.5,1.25,0.001,0.4,0.75\n",
  );
  const lines = (await readFile(join(folder, "metrics.jsonl"), "utf8")).trimEnd().split("\n");
  expect(lines.map((text) => JSON.parse(text))).toEqual([
    step(1),
    step(2),
    { ...step(3), gradientNorm: 1.25, validationLoss: 0.4 },
  ]);
});

it("begins anew with a run that begins anew", async () => {
  const folder = await temporaryFolder();
  const first = await openMetricsLog(folder, 0);
  first.add(step(1));
  await first.flush();
  await openMetricsLog(folder, 0);
  expect(await readFile(join(folder, "metrics.jsonl"), "utf8")).toBe("");
});

it("passes over lines that are no steps, whatever they hold", async () => {
  const folder = await temporaryFolder();
  const damaged = [{ ...step(2), seconds: [] }, { ...step(2), loss: {} }, null, "x"].map((line) =>
    JSON.stringify(line),
  );
  await writeFile(join(folder, "metrics.jsonl"), [JSON.stringify(step(1)), ...damaged, "["].join("\n"));
  expect((await openMetricsLog(folder, 2)).secondsBefore).toBe(0.25);
  expect(await readFile(join(folder, "metrics.jsonl"), "utf8")).toBe(`${JSON.stringify(step(1))}\n`);
});

it("keeps rows that could not be written for the next flush", async () => {
  const folder = await temporaryFolder();
  const [table, aside] = [join(folder, "metrics.csv"), join(folder, "aside")];
  const log = await openMetricsLog(folder, 0);
  log.add(step(1));
  await rename(table, aside);
  await mkdir(table);
  await expect(log.flush()).rejects.toThrow("metrics.csv could not be written");
  await rm(table, { recursive: true });
  await rename(aside, table);
  await log.flush();
  expect((await readFile(table, "utf8")).trimEnd().split("\n")).toHaveLength(2);
  expect(await readFile(join(folder, "metrics.jsonl"), "utf8")).toBe(`${JSON.stringify(step(1))}\n`);
});

it("refuses to go on beside a log that cannot be read, which would be lost", async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, "metrics.jsonl"));
  await expect(openMetricsLog(folder, 1)).rejects.toThrow("metrics.jsonl cannot be read: it is a folder");
});
