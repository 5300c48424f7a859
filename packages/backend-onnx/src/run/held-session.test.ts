import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { RuntimeSession, SessionOptions } from "../device/runtime.js";
import { HeldSession } from "./held-session.js";

const [one, two]: [SessionOptions, SessionOptions] = [{ threads: 1 }, { threads: 2 }];

/** What the clock shows, in milliseconds. */
let now = 0;
beforeEach(() => {
  now = 1000;
  vi.spyOn(performance, "now").mockImplementation(() => now);
});
afterEach(() => {
  vi.restoreAllMocks();
});

/** Sessions that only know what they were opened with, and how many are open; opening one takes 30 milliseconds. */
function opener() {
  const log: string[] = [];
  let open = 0;
  return {
    log,
    open: async ({ threads }: SessionOptions): Promise<RuntimeSession> => {
      now += 30;
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

  it("opens anew with what suits by then once it pays, the old session released first", async () => {
    const { log, open } = opener();
    let suiting = two;
    const session = new HeldSession(open, () => suiting);
    await session.current();
    suiting = one;
    // Ten times as long as opening took.
    now += 299;
    await session.current();
    expect(log).toEqual(["open 2"]);
    now += 1;
    await session.current();
    expect(log).toEqual(["open 2", "release 2", "open 1"]);
    await session.current();
    await session.letGo();
    expect(log).toEqual(["open 2", "release 2", "open 1", "release 1"]);
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
    now += 300;
    [suiting, failing] = [one, true];
    await expect(session.current()).rejects.toThrow("out of memory");
    failing = false;
    await session.current();
    await session.letGo();
    expect(log).toEqual(["open 2", "release 2", "open 1", "release 1"]);
  });
});
