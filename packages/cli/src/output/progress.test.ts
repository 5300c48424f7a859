import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { formatDuration, withProgress } from "./progress.js";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

/** What is written to stderr while `work` runs on a terminal, or not. */
async function stderrOf(terminal: boolean, work: () => Promise<unknown>): Promise<string> {
  let written = "";
  vi.stubGlobal("process", { ...process, stderr: fakeStream() });
  await work();
  return written;

  function fakeStream() {
    const write = (chunk: string): boolean => {
      written += chunk;
      return true;
    };
    return { isTTY: terminal, columns: 120, write };
  }
}

describe("withProgress where stderr is no terminal", () => {
  it("writes a line at once, one every five seconds with rate and time left, and the last", async () => {
    let result = "";
    const text = await stderrOf(false, async () => {
      result = await withProgress("training", 20, async (onProgress) => {
        for (let done = 1; done <= 20; done++) {
          vi.advanceTimersByTime(done === 1 ? 3000 : 500); // the first step compiles
          onProgress(done, done > 10 ? "loss 0.5" : undefined);
        }
        return "done";
      });
    });
    expect(result).toBe("done");
    expect(text.split("\n")).toEqual([
      "training 1/20 | 0.33 steps/s | 57 s left",
      "training 11/20 | 2.0 steps/s | 5 s left | loss 0.5",
      "training 20/20 | 2.0 steps/s | 0 s left | loss 0.5",
      "",
    ]);
  });

  it("says how far it came when the work fails, and nothing twice", async () => {
    const failing = stderrOf(false, async () => {
      await withProgress("training", 10, async (onProgress) => void onProgress(8), { done: 7 });
      await withProgress(
        "driving",
        10,
        async (onProgress) => {
          onProgress(1);
          onProgress(2);
          throw new Error("out of fuel");
        },
        { unit: "plans" },
      ).catch(() => {});
    });
    expect(await failing).toBe("training 8/10\ndriving 1/10\ndriving 2/10\n");
  });

  it("writes nothing when it is to be quiet", async () => {
    const work = () => withProgress("training", 10, async (onProgress) => void onProgress(8), { quiet: true });
    expect([await stderrOf(false, work), await stderrOf(true, work)]).toEqual(["", ""]);
  });
});

describe("withProgress on a terminal", () => {
  it("draws a bar", async () => {
    const text = await stderrOf(true, () =>
      withProgress("driving", 4, async (onProgress) => {
        vi.advanceTimersByTime(1000);
        onProgress(2, "halfway");
      }),
    );
    expect(text).toContain("driving");
    expect(text).toContain("50% | 2/4 | 2.0 steps/s | 1 s left | halfway");
  });

  it("takes the bar down when the work fails: its timer would keep the process alive", async () => {
    const failing = stderrOf(true, () =>
      withProgress("driving", 4, async () => {
        expect(vi.getTimerCount()).toBe(1);
        throw new Error("out of fuel");
      }),
    );
    await expect(failing).rejects.toThrow("out of fuel");
    expect(vi.getTimerCount()).toBe(0);
  });
});

it("writes durations as people say them", () => {
  expect([0.4, 59.4, 200, 7500].map(formatDuration)).toEqual(["0 s", "59 s", "3 min 20 s", "2 h 5 min"]);
});
