import { describe, expect, it } from "vitest";
import { coupled } from "./coupling.js";

describe("reflection-maximal coupling", () => {
  it("keeps what is the same, and takes the target's mean where nothing is random", () => {
    const out = new Float32Array([9, 9, 9]);
    const step = {
      draft: Float32Array.of(1, 5, 7),
      value: Float32Array.of(2, 5, 7),
      noise: Float32Array.of(1, 0.5, 0.5),
      deviation: Float32Array.of(1, 0, 0),
      size: 1,
      decision: 1,
    };
    expect(coupled({ ...step, target: Float32Array.of(1, 5, 8), tokens: [0, 1] }, out)).toBe(true);
    expect(Array.from(out)).toEqual([2, 5, 9]);
    expect(coupled({ ...step, target: Float32Array.of(1, 5, 8), tokens: [0, 2] }, out)).toBe(false);
    expect(Array.from(out)).toEqual([2, 5, 8]);
    // ln Phi(1) = -.17 > -1.D - D^2 / 2 for D = 2: mirrored, z = 1 to -1.
    expect(coupled({ ...step, target: Float32Array.of(-1, 0, 0), tokens: [0] }, out)).toBe(false);
    expect(out[0]).toBe(-2);
  });

  it("mirrors the noise along the line between the means, over all tokens that are coupled together", () => {
    const out = new Float32Array(6).fill(9);
    const step = {
      draft: Float32Array.of(1, 2, 0, 0, 3, 0),
      // D = (1.5 / .5, 2 / 1) of tokens 0 and 2, numbers 0 and 1: (3, 0) and (0, 2).
      target: Float32Array.of(-0.5, 2, 0, 0, 3, -2),
      value: Float32Array.of(1.5, 2.5, 8, 8, 3.5, 1),
      noise: Float32Array.of(1, 1, 8, 8, 0.5, 1),
      deviation: Float32Array.of(0.5, 2, 1),
      ...{ tokens: [0, 2], size: 2 },
    };
    // Z.D = 3 + 2, |D|^2 = 9 + 4: kept if ln Phi(d) <= -11.5; it is -10.4 at -4 and -12.6 at -4.5.
    expect(coupled({ ...step, decision: -4 }, out)).toBe(false);
    // z - 2 (5 / 13) D of 1, 1, .5, 1.
    const mirrored = [1 - (10 / 13) * 3, 1, 0.5, 1 - (10 / 13) * 2];
    const expected = [-0.5 + 0.5 * mirrored[0]!, 2 + 0.5 * mirrored[1]!, 9, 9, 3 + mirrored[2]!, -2 + mirrored[3]!];
    expect([...out]).toEqual(expected.map((value) => expect.closeTo(value, 5)));
    expect(coupled({ ...step, decision: -4.5 }, out)).toBe(true);
    expect([...out]).toEqual([1.5, 2.5, 9, 9, 3.5, 1]);
  });

  it("keeps a draft of the target's own law whatever is decided, also where Phi rounds to 1", () => {
    const out = new Float32Array(1);
    const same = { draft: Float32Array.of(1), target: Float32Array.of(1), deviation: Float32Array.of(2) };
    const step = { ...same, value: Float32Array.of(7), noise: Float32Array.of(3), tokens: [0], size: 1 };
    expect([coupled({ ...step, decision: 40 }, out), out[0]]).toEqual([true, 7]);
  });
});
