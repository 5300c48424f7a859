import { expect, it } from "vitest";
import { processorSeconds } from "./processor-time.js";

it("counts what a process computes", () => {
  const [before, started] = [processorSeconds(process.pid), process.cpuUsage()];
  const used = (): number => {
    const { user, system } = process.cpuUsage(started);
    return (user + system) / 1e6;
  };
  while (used() < 0.2) Math.sqrt(used());
  expect(processorSeconds(process.pid) - before).toBeGreaterThan(0.1);
});

it.runIf(process.platform === "linux")("counts no time that a process waits", async () => {
  const before = processorSeconds(process.pid);
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(processorSeconds(process.pid) - before).toBeLessThan(0.3);
});
