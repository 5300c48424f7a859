import { spawn } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, it } from "vitest";
import { FreeCores, type ProcessorTimes, readProcessorTimes } from "./free-cores.js";

/** Cores of which others and this process use so much, as seconds go by. */
function machine(cores: number) {
  let times: ProcessorTimes = { now: 0, cores, busy: 5e6, own: 3000 };
  return {
    read: () => times,
    pass(milliseconds: number, others: number, own: number): number {
      times = {
        now: times.now + milliseconds,
        cores,
        busy: times.busy + milliseconds * (others + own),
        own: times.own + milliseconds * own,
      };
      return times.now;
    },
  };
}

it("takes all cores for free until something was measured, and while nobody else wants them", () => {
  const { read, pass } = machine(2);
  const cores = new FreeCores(2, read);
  expect(cores.suffice(pass(49, 2, 0))).toBe(true);
  expect(cores.suffice(pass(1000, 0.1, 1.9))).toBe(true);
  expect(cores.suffice(pass(1000, 0.4, 1.6))).toBe(true);
});

it("sees a process that keeps one of two cores busy, though it gets two thirds of it only, and its end", () => {
  const { read, pass } = machine(2);
  const cores = new FreeCores(2, read);
  expect(cores.suffice(pass(60, 0.67, 1.33))).toBe(false);
  expect(cores.suffice(pass(1000, 1, 1))).toBe(false);
  expect(cores.suffice(pass(1000, 0.4, 1.3))).toBe(false);
  expect(cores.suffice(pass(1000, 0.02, 1.7))).toBe(true);
});

it("measures over a second, so that a moment's work of others changes nothing", () => {
  const { read, pass } = machine(2);
  const cores = new FreeCores(2, read);
  expect(cores.suffice(pass(100, 0, 2))).toBe(true);
  expect(cores.suffice(pass(300, 1, 1))).toBe(true);
  expect(cores.suffice(pass(700, 0, 2))).toBe(true);
});

it("counts only the cores that its threads need", () => {
  const { read, pass } = machine(16);
  const [all, some] = [new FreeCores(16, read), new FreeCores(8, read)];
  const now = pass(1000, 1, 8);
  expect([all.suffice(now), some.suffice(now)]).toEqual([false, true]);
  const crowded = machine(2);
  expect(new FreeCores(8, crowded.read).suffice(crowded.pass(1000, 0, 2))).toBe(true);
});

it("has nothing to measure for one thread, nor on a system that tells nothing", () => {
  const { read, pass } = machine(2);
  expect(new FreeCores(1, read).suffice(pass(1000, 9, 0.1))).toBe(true);
  const silent = machine(0);
  expect(new FreeCores(4, silent.read).suffice(silent.pass(1000, 0, 4))).toBe(true);
});

it("sees another process's work and leaves out this one's", async () => {
  const before = readProcessorTimes();
  const other = spawn(process.execPath, ["-e", "while (true);"]);
  try {
    await sleep(500);
  } finally {
    other.kill();
  }
  const after = readProcessorTimes();
  const others = after.busy - before.busy - (after.own - before.own);
  expect(others).toBeGreaterThan(100);
  expect(after.own - before.own).toBeLessThan(others);
});
