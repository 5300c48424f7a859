import { describe, expect, it } from "vitest";
import { fruitDemonstrations } from "./demonstrations.js";

describe("fruitDemonstrations", () => {
  it("joins each observation with the action before it", () => {
    const { shape, data } = fruitDemonstrations(3, 5);
    expect(shape).toEqual([3, 26, 10]);
    expect(Array.from(data.subarray(0, 3))).toEqual([0, 0, -1]);
    // Token by token: a hand that reaches its target is where the action says.
    for (let t = 1; t < 26; t++) {
      const [x, y, , , , , , handX, handY] = data.subarray(t * 10, t * 10 + 10);
      const [beforeX, beforeY] = data.subarray((t - 1) * 10 + 7, (t - 1) * 10 + 9);
      const far = Math.hypot((x as number) - (beforeX as number), (y as number) - (beforeY as number));
      if (far < 0.7)
        expect(Math.hypot((x as number) - (handX as number), (y as number) - (handY as number))).toBeLessThan(0.06);
    }
  });

  it("is the same for the same seed", () => {
    const demonstrations = fruitDemonstrations(40, 5);
    expect(fruitDemonstrations(40, 5)).toEqual(demonstrations);
    expect(fruitDemonstrations(40, 6)).not.toEqual(demonstrations);
  });
});
