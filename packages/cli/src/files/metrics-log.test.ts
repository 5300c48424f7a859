import { appendFile, readFile } from "node:fs/promises";
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
