import { describe, expect, it } from "vitest";
import { fruitDemonstrations } from "./demonstrations.js";
import { predecessors } from "./training.js";

describe("predecessors", () => {
  it("moves every token one place on", () => {
    const tokens = fruitDemonstrations(2, 1);
    const { data } = predecessors(tokens);
    expect(Array.from(data.subarray(0, 10))).toEqual(Array(10).fill(0));
    expect(data.subarray(10, 260)).toEqual(tokens.data.subarray(0, 250));
    expect(data.subarray(270, 520)).toEqual(tokens.data.subarray(260, 510));
  });
});
