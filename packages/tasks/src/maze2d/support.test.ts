import { describe, expect, it } from "vitest";
import { mazes } from "./mazes.js";
import { createDataSupport } from "./support.js";

describe("data support", () => {
  // Two visited bins: [1, 1.1) x [1, 1.1) and [1.2, 1.3) x [2, 2.1).
  const support = createDataSupport(mazes.umaze, [1.05, 1.05, 0, 0, 1.25, 2.05, 0, 0]);

  it("accepts points in visited bins only", () => {
    expect(support.supported([1.01, 1.09, 1.29, 2.01])).toBe(true);
    expect(support.supported([1.01, 1.09, 1.15, 1.05])).toBe(false);
    expect(support.supportedFraction([1.01, 1.09, 1.15, 1.05])).toBe(0.5);
    expect(support.supported([])).toBe(true);
  });

  it("rejects points outside the maze, and data that lie there", () => {
    expect(support.supported([-5, 1])).toBe(false);
    expect(() => createDataSupport(mazes.umaze, [1, 9, 0, 0])).toThrow("outside maze");
  });
});
