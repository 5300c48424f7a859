import { describe, expect, it } from "vitest";
import type { RuntimeSession, SessionOptions } from "../device/runtime.js";
import { HeldSession } from "./held-session.js";

const [one, two]: [SessionOptions, SessionOptions] = [{ threads: 1 }, { threads: 2 }];

/** Sessions that only know what they were opened with, and how many are open. */
function opener(milliseconds = 0) {
  const log: string[] = [];
  let open = 0;
  return {
    log,
    open: async ({ threads }: SessionOptions): Promise<RuntimeSession> => {
      await new Promise((resolve) => setTimeout(resolve, milliseconds));
      log.push(`open ${threads}`);
      if (++open > 1) log.push("two at once");
      const release = async (): Promise<void> => {
        open--;
        log.push(`release ${threads}`);
      };
      return { run: async () => ({}), release };
    },
  };
}

describe("HeldSession", () => {
  it("opens when first asked for, keeps the session, and releases it with its last holder", async () => {
    const { log, open } = opener();
    const session = new HeldSession(open);
    expect(log).toEqual([]);
    expect(await session.current()).toBe(await session.current());
    session.hold();
    await session.letGo();
    expect(log).toEqual(["open undefined"]);
    await session.letGo();
    expect(log).toEqual(["open undefined", "release undefined"]);
  });

  it("opens anew with what suits by then, the old session released first", async () => {
    const { log, open } = opener();
    let suiting = two;
    const session = new HeldSession(open, () => suiting);
    await session.current();
    suiting = one;
    await expect.poll(async () => (await session.current()) && log).toEqual(["open 2", "release 2", "open 1"]);
    await session.current();
    await session.letGo();
    expect(log).toEqual(["open 2", "release 2", "open 1", "release 1"]);
  });

  it("does not open anew what took long to open and has just been", async () => {
    const { log, open } = opener(30);
    let suiting = two;
    const session = new HeldSession(open, () => suiting);
    await session.current();
    for (suiting of [one, two, one]) await session.current();
    expect(log).toEqual(["open 2"]);
  });

  it("tries again after an opening that failed", async () => {
    const { log, open } = opener();
    let suiting = two;
    let failing = false;
    const session = new HeldSession(
      (variant) => (failing ? Promise.reject(new Error("out of memory")) : open(variant)),
      () => suiting,
    );
    await session.current();
    [suiting, failing] = [one, true];
    await expect.poll(() => session.current().catch(String)).toBe("Error: out of memory");
    failing = false;
    await session.current();
    await session.letGo();
    expect(log).toEqual(["open 2", "release 2", "open 1", "release 1"]);
  });
});
