import { expect, it } from "vitest";
import { takeLifeLock, whenFreed } from "./life-lock.js";

const holder = `
  navigator.locks.request("a worker's life", () => {
    postMessage("held");
    return new Promise(() => {});
  });
  onmessage = () => { for (;;); };
`;

it("tells that a worker was terminated, in the middle of work too", async () => {
  const worker = new Worker(URL.createObjectURL(new Blob([holder], { type: "text/javascript" })));
  await new Promise((resolve) => {
    worker.onmessage = resolve;
  });
  let freed = false;
  const ended = new Promise<void>((resolve) => {
    whenFreed("a worker's life", new AbortController().signal, () => {
      freed = true;
      resolve();
    });
  });
  worker.postMessage("work for ever");
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(freed).toBe(false);
  worker.terminate();
  await ended;
});

it("holds a lock of its own while this thread lives, and stops waiting when told to", async () => {
  const [one, other] = [await takeLifeLock(), await takeLifeLock()];
  expect(one).toMatch(/^diffusion-forcing\/./);
  expect(other).not.toBe(one);
  const stop = new AbortController();
  let freed = false;
  whenFreed(one as string, stop.signal, () => {
    freed = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 20));
  stop.abort();
  expect(freed).toBe(false);
});
