import { describe, expect, it } from "vitest";
import { threefry2x32 } from "./threefry.js";

function block(key0: number, key1: number, counter0: number, counter1: number): string[] {
  const output = new Uint32Array(2);
  threefry2x32(key0, key1, counter0, counter1, output);
  return Array.from(output, (word) => word.toString(16).padStart(8, "0"));
}

describe("threefry2x32", () => {
  it("gives the known answers published with Random123 for 20 rounds", () => {
    expect(block(0, 0, 0, 0)).toEqual(["6b200159", "99ba4efe"]);
    expect(block(0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff)).toEqual(["1cb996fc", "bb002be7"]);
    expect(block(0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3)).toEqual(["c4923a9c", "483df7a0"]);
  });

  it("takes signed and unsigned words alike", () => {
    expect(block(-1, -1, -1, -1)).toEqual(["1cb996fc", "bb002be7"]);
    expect(block(0x13198a2e, 0x03707344, 0x243f6a88, 0x85a308d3 | 0)).toEqual(["c4923a9c", "483df7a0"]);
  });

  it("changes about half of the output bits when one bit of counter or key flips", () => {
    const base = new Uint32Array(2);
    const flipped = new Uint32Array(2);
    let changed = 0;
    for (let bit = 0; bit < 128; bit++) {
      const words = [1, 2, 3, 4] as [number, number, number, number];
      threefry2x32(...words, base);
      words[bit >> 5]! ^= 1 << (bit & 31);
      threefry2x32(...words, flipped);
      for (const lane of [0, 1]) {
        for (let difference = base[lane]! ^ flipped[lane]!; difference !== 0; difference &= difference - 1) changed++;
      }
    }
    // 128 flips of 64 bits: 4096 expected, standard deviation 45.
    expect(Math.abs(changed - 4096)).toBeLessThan(4 * 45);
  });
});
