import { expect, it } from "vitest";
import { codeUsage } from "./code-usage.js";

const of = (...data: number[]) => ({ shape: [data.length], data });

it("counts codes and says how many equal ones they amount to", () => {
  expect(codeUsage(of(0, 1, 2, 3), 4)).toEqual({
    used: 4,
    perplexity: expect.closeTo(4, 10),
    shares: Float64Array.of(0.25, 0.25, 0.25, 0.25),
  });
  // Entropy of (3/4, 1/4) is 0.5623351 nats: 1.7547654 codes.
  const { used, perplexity } = codeUsage(of(5, 5, 5, 7), 8);
  expect([used, perplexity]).toEqual([2, expect.closeTo(1.7547654, 6)]);
  expect(codeUsage(of(3, 3), 8).perplexity).toBe(1);
});

it("refuses codes there are not, and nothing at all", () => {
  expect(() => codeUsage(of(0, 4), 4)).toThrow("there is no code 4; expected whole numbers from 0 to 3");
  expect(() => codeUsage(of(0.5), 4)).toThrow("there is no code 0.5");
  expect(() => codeUsage(of(0, -1), 4)).toThrow("there is no code -1");
  expect(() => codeUsage(of(0), 2 ** 32)).toThrow(
    "codes: the value is 4294967296; expected a whole number from 1 to 1048576",
  );
  expect(() => codeUsage(of(), 4)).toThrow("there are no codes");
});
