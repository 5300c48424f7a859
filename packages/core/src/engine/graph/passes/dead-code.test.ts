import { describe, expect, it } from "vitest";
import { exp, neg } from "../operations.js";
import { input } from "../trace.js";
import { eliminateDeadCode } from "./dead-code.js";

const x = input("x", { dtype: "float32", shape: [2] });
const unused = input("unused", { dtype: "float32", shape: [2] });
const dead = exp(x);
const y = neg(x);

describe("eliminateDeadCode", () => {
  it("drops nodes no output depends on and keeps unused inputs", () => {
    const graph = { inputs: [x, unused], outputs: { y }, nodes: [x, unused, dead, y] };
    expect(eliminateDeadCode(graph).nodes).toEqual([x, unused, y]);
  });

  it("gives the same graph back when all of it is needed", () => {
    const graph = { inputs: [x, unused], outputs: { y }, nodes: [x, unused, y] };
    expect(eliminateDeadCode(graph)).toBe(graph);
  });
});
