import { setTimeout as sleep } from "node:timers/promises";
import { DiffusionForcingError } from "@diffusion-forcing/core";
import { afterEach, describe, expect, it, vi } from "vitest";
import { Interrupted, interruptible } from "./interrupt.js";

afterEach(() => {
  vi.restoreAllMocks();
});

/** Work that ends when it is told to. */
async function obedient(signal: AbortSignal): Promise<never> {
  while (!signal.aborted) await sleep(1);
  throw new DiffusionForcingError("aborted", "stopped");
}

describe.skipIf(process.platform === "win32")("interruptible", () => {
  it.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)("stops the work at the first %s, says so, and ends with %i", async (signal, exitCode) => {
    const said = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const running = interruptible(obedient, "saving", () => "Stopped.");
    process.kill(process.pid, signal);
    await expect(running).rejects.toThrow("Stopped.");
    await expect(running).rejects.toSatisfy((error) => error instanceof Interrupted && error.exitCode === exitCode);
    expect(said.mock.calls).toEqual([[`\n${signal}: saving; once more stops at once\n`]]);
    expect(process.listenerCount(signal)).toBe(0);
  });

  it("ends the process at the second, which work that does not listen cannot prevent", async () => {
    vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const exit = vi.spyOn(process, "exit").mockImplementation((() => {}) as never);
    const deaf = interruptible(
      () => sleep(200),
      "saving",
      () => "Stopped.",
    );
    process.kill(process.pid, "SIGINT");
    await sleep(20);
    process.kill(process.pid, "SIGTERM");
    await deaf;
    expect(exit.mock.calls).toEqual([[143]]);
  });

  it("leaves results and other failures as they are", async () => {
    expect(
      await interruptible(
        async () => 3,
        "",
        () => "",
      ),
    ).toBe(3);
    const other = new DiffusionForcingError("aborted", "by somebody else");
    await expect(
      interruptible(
        () => Promise.reject(other),
        "",
        () => "",
      ),
    ).rejects.toBe(other);
  });
});
