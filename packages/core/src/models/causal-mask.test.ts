import { describe, expect, it } from "vitest";
import { causalMask } from "./causal-mask.js";

const no = -1e9;

describe("causalMask", () => {
  it("lets a token see itself and what is before it", () => {
    const { shape, data } = causalMask(3);
    expect(shape).toEqual([3, 3]);
    expect([...data]).toEqual([0, no, no, 0, 0, no, 0, 0, 0]);
  });

  it("lets tokens of one block see each other", () => {
    expect([...causalMask(4, 2).data]).toEqual([0, 0, no, no, 0, 0, no, no, 0, 0, 0, 0, 0, 0, 0, 0]);
  });
});
