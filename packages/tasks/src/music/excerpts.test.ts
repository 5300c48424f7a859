import { createRandom } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import type { Chorale } from "./chorales.js";
import { drawExcerpts, excerptOf, keysOf, longEnough } from "./excerpts.js";

/** Each sixteenth tells where it stands: pitch 40 + time in every voice. */
const stairs = (length: number): Chorale => ({
  pitches: Int8Array.from({ length: length * 4 }, (_, i) => 40 + Math.floor(i / 4)),
  length,
});

describe("excerpts", () => {
  it("are sixteenths of a chorale", () => {
    expect(excerptOf(stairs(8), 2, 1)).toEqual({ pitches: Int8Array.of(42, 42, 42, 42), length: 1 });
  });

  it("begin on any beat of any chorale, as likely as it is long, in any key that the voices allow", () => {
    // Starts 0, 4 and 8 in the first, 0 in the second.
    const drawn = drawExcerpts([stairs(16), stairs(8)], { count: 4000, length: 8 }, createRandom(1));
    expect(drawn.every(({ length, pitches }) => length === 8 && pitches.length === 32)).toBe(true);
    // 40 to 47 may go down by 4; keys are -4 to 6.
    const first = drawn.map(({ pitches }) => pitches[0] as number);
    expect([Math.min(...first), Math.max(...first)]).toEqual([36, 54]);
    expect(keysOf(stairs(8))).toEqual([-4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6]);
    // Those that begin at sixteenth 8 start at 48 - 6 to 48 + 6: every fourth, and 10 to 12 fall to no other start.
    const high = first.filter((pitch) => pitch > 50).length / 4000;
    expect(high).toBeGreaterThan((4 / 13) * 0.2);
    expect(high).toBeLessThan((4 / 13) * 0.3);
  });

  it("need chorales that are long enough", () => {
    expect(longEnough([stairs(8), stairs(4)], 8)).toHaveLength(1);
    expect(() => longEnough([stairs(8), stairs(4)], 9)).toThrow(
      "No chorale has 9 sixteenths, as the recipe's excerpts do; the longest of the 2 has 8",
    );
  });
});
