import { expect, it } from "vitest";
import { breathe } from "./breathe.js";

function hold(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

/** How many calls of `work` passed before a timer fired, 100 at most. */
async function callsBeforeTimer(work: () => Promise<void>): Promise<number> {
  let fired = false;
  setTimeout(() => {
    fired = true;
  }, 0);
  let calls = 0;
  for (; !fired && calls < 100; calls++) await work();
  return calls;
}

it("lets a timer through a loop that never leaves its task by itself", async () => {
  const calls = await callsBeforeTimer(async () => {
    hold(15);
    await breathe();
  });
  expect(calls).toBeLessThan(100);
});

it("lets a timer through many loops each of which is short, as the chunks of a rollout are", async () => {
  const calls = await callsBeforeTimer(async () => {
    for (let step = 0; step < 3; step++) {
      await breathe();
      hold(2);
    }
  });
  expect(calls).toBeLessThan(100);
});

it("does not, without", async () => {
  const calls = await callsBeforeTimer(async () => {
    hold(1);
    await Promise.resolve();
  });
  expect(calls).toBe(100);
});
