import { describe, expect, it } from "vitest";
import { add, mul, sum } from "../graph/operations.js";
import { trace } from "../graph/trace.js";
import { tensor, zeros } from "../tensor/tensor.js";
import { residentBytes } from "./resident-bytes.js";

const vector = { dtype: "float32", shape: [1000] } as const;
const overhead = 1e6;

describe("residentBytes", () => {
  it("counts what is baked in, and literal constants", () => {
    const graph = trace({ x: { dtype: "float32", shape: [] }, w: vector }, ({ x, w }) => ({ y: mul(x, sum(w)) }));
    // sum(w) and y.
    expect(residentBytes(graph)).toBe(overhead + 8);
    expect(residentBytes(graph, { w: zeros("float32", [1000]) })).toBe(overhead + 4000 + 8);
    const literal = trace({ x: tensor([1, 2]) }, ({ x }) => ({ y: add(x, 3) }));
    expect(residentBytes(literal)).toBeGreaterThanOrEqual(overhead + 4 + 8);
  });

  it("counts intermediate values at their largest moment, not all of them", () => {
    const chain = trace({ x: vector }, ({ x }) => {
      let y = x;
      for (let i = 0; i < 50; i++) y = mul(y, y);
      return { y };
    });
    expect(residentBytes(chain)).toBe(overhead + 2 * 4000);
    const kept = trace({ x: vector }, ({ x }) => {
      const a = mul(x, x);
      const b = mul(a, a);
      const c = mul(b, b);
      return { y: add(add(a, b), c) };
    });
    // a, b and a + b; then b, a + b and c; then a + b, c and y.
    expect(residentBytes(kept)).toBe(overhead + 3 * 4000);
  });
});
