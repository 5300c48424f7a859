import { expect, it, vi } from "vitest";
import { unlessAborted } from "./unless-aborted.js";

const never = new Promise<never>(() => {});

it("gives what the work comes to, or how it fails, with and without a signal", async () => {
  const { signal } = new AbortController();
  const remove = vi.spyOn(signal, "removeEventListener");
  expect([await unlessAborted(5, undefined), await unlessAborted(Promise.resolve(6), signal)]).toEqual([5, 6]);
  await expect(unlessAborted(Promise.reject(new Error("no")), signal)).rejects.toThrow("no");
  expect(remove).toHaveBeenCalledTimes(2);
  expect(await unlessAborted(7, { aborted: false } as AbortSignal)).toBe(7);
});

it("waits no longer once the signal fires, and discards what comes later", async () => {
  const controller = new AbortController();
  const waiting = unlessAborted(never, controller.signal);
  let finish = (_value: number): void => {};
  const late: number[] = [];
  const work = new Promise<number>((resolve) => {
    finish = resolve;
  });
  const discarding = unlessAborted(work, controller.signal, (value) => late.push(value));
  controller.abort();
  await expect(waiting).rejects.toMatchObject({ code: "aborted" });
  await expect(discarding).rejects.toMatchObject({ code: "aborted" });
  await expect(unlessAborted(never, AbortSignal.abort())).rejects.toMatchObject({ code: "aborted" });
  finish(7);
  await work;
  await Promise.resolve();
  expect(late).toEqual([7]);
});
