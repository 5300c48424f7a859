import { expect, it } from "vitest";
import { breather } from "./breathe.js";

function hold(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}

it("lets a timer through a loop that never leaves its task by itself", async () => {
  let fired = false;
  setTimeout(() => {
    fired = true;
  }, 0);
  const breathe = breather();
  let steps = 0;
  for (; !fired && steps < 100; steps++) {
    hold(15);
    await breathe();
  }
  expect(steps).toBeLessThan(100);
});

it("does not, without", async () => {
  let fired = false;
  setTimeout(() => {
    fired = true;
  }, 0);
  for (let steps = 0; steps < 10; steps++) {
    hold(5);
    await Promise.resolve();
  }
  expect(fired).toBe(false);
});
