import { createRandom } from "@diffusion-forcing/core";
import { describe, expect, it } from "vitest";
import { contextTokens, reversalPairs } from "./pairs.js";

describe("reversalPairs", () => {
  it("says contexts of 2 to 5 symbols backwards, repeats joined", () => {
    const pairs = reversalPairs(300, { symbols: 3, longest: 5 }, createRandom(1));
    expect([...new Set(pairs.map(({ context }) => context.length))].sort()).toEqual([2, 3, 4, 5]);
    expect([...new Set(pairs.map(({ target }) => target.length))].sort()).toEqual([1, 2, 3, 4, 5]);
    for (const { context, target } of pairs) {
      const joined: number[] = [];
      for (let i = context.length - 1; i >= 0; i--) if (joined.at(-1) !== context[i]) joined.push(context[i]!);
      expect(target).toEqual(joined);
    }
  });
});

describe("contextTokens", () => {
  it("marks places after the end as nothing", () => {
    const { shape, data } = contextTokens([[1], [0, 1]], { symbols: 2, longest: 2 });
    expect(shape).toEqual([2, 2, 3]);
    expect(Array.from(data)).toEqual([-1, -1, 1, 1, -1, -1, -1, 1, -1, -1, -1, 1]);
  });
});
