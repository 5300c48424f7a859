import { afterEach, describe, expect, it, vi } from "vitest";
import { withProgress } from "./progress.js";

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
  it("writes a line every tenth of the way, and returns the work's result", async () => {
    let result = "";
    const text = await stderrOf(false, async () => {
      result = await withProgress("training", 20, async (onProgress) => {
        for (let done = 1; done <= 20; done++) onProgress(done, done > 16 ? "loss 0.5" : undefined);
        return "done";
      });
    });
    expect(result).toBe("done");
    expect(text.split("\n")).toEqual([
      ...[2, 4, 6, 8, 10, 12, 14, 16].map((done) => `training ${done}/20`),
      "training 18/20 | loss 0.5",
      "training 20/20 | loss 0.5",
      "",
    ]);
  });

  it("does not repeat what was done before", async () => {
    const text = await stderrOf(false, () =>
      withProgress("training", 10, async (onProgress) => void [8, 9, 9].map((done) => onProgress(done)), 7),
    );
    expect(text).toBe("training 8/10\ntraining 9/10\n");
  });
});

describe("withProgress on a terminal", () => {
  it("draws a bar", async () => {
    const text = await stderrOf(true, () =>
      withProgress("driving", 4, async (onProgress) => {
        onProgress(2, "halfway");
      }),
    );
    expect(text).toContain("driving");
    expect(text).toContain("50% | 2/4");
    expect(text).toContain("| halfway");
  });

  it("takes the bar down when the work fails: its timer would keep the process alive", async () => {
    vi.useFakeTimers();
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
