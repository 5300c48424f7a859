import { describe, expect, it } from "vitest";
import { Turns } from "./turns.js";

const later = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

describe("Turns", () => {
  it("never overlaps work and keeps its order", async () => {
    const turns = new Turns();
    const log: string[] = [];
    const work = (name: string) => async () => {
      log.push(`${name} starts`);
      await later();
      log.push(`${name} ends`);
      return name;
    };
    expect(await Promise.all([turns.take(work("a")), turns.take(work("b"))])).toEqual(["a", "b"]);
    expect(log).toEqual(["a starts", "a ends", "b starts", "b ends"]);
  });

  it("goes on after failures, thrown or rejected", async () => {
    const turns = new Turns();
    const thrown = turns.take(() => {
      throw new Error("thrown");
    });
    const rejected = turns.take(async () => {
      await later();
      throw new Error("rejected");
    });
    const after = turns.take(() => "fine");
    await expect(thrown).rejects.toThrow("thrown");
    await expect(rejected).rejects.toThrow("rejected");
    expect(await after).toBe("fine");
  });
});
