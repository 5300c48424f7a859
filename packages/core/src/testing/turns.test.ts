import { describe, expect, it } from "vitest";
import { breathe } from "../engine/breathe.js";
import { throwIfAborted } from "../engine/errors.js";
import { assertTakesTurns, type LongWork } from "./turns.js";

/** Steps that hold the thread for a millisecond each. */
const loop =
  (between: () => Promise<void>, check: (signal: AbortSignal) => void = throwIfAborted): LongWork =>
  async (signal, onStep) => {
    for (let step = 0; step < 300; step++) {
      onStep();
      const end = performance.now() + 1;
      while (performance.now() < end);
      await between();
      check(signal);
    }
  };

describe("assertTakesTurns", () => {
  it("holds for a loop that breathes", async () => {
    await assertTakesTurns(loop(breathe), "the loop");
  });

  it("fails for one that awaits promises only, and for one that looks at its signal too late", async () => {
    const promisesOnly = assertTakesTurns(
      loop(async () => {}),
      "the loop",
    );
    await expect(promisesOnly).rejects.toThrow("the loop: it succeeded; expected an error of code aborted");
    let checks = 0;
    const late = loop(breathe, (signal) => {
      if (signal.aborted && checks++ === 20) throwIfAborted(signal);
    });
    await expect(assertTakesTurns(late, "the loop")).rejects.toThrow(/the loop: \d+ more steps began after the abort/);
  });
});
