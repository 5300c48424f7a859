import { describe, expect, it } from "vitest";
import { isDiffusionForcingError } from "../errors.js";
import { add, matmul, mul } from "./operations.js";
import { printGraph } from "./print.js";
import { input, trace } from "./trace.js";

describe("trace", () => {
  it("records what the function does, its inputs declared in order, used or not", () => {
    const graph = trace({ x: { dtype: "float32", shape: [2, 3] }, unused: { dtype: "int32", shape: [] } }, ({ x }) => ({
      y: add(mul(x, x), 1),
    }));
    expect(printGraph(graph)).toMatchInlineSnapshot(`
      "%0: float32[2, 3] = input(x)
      %1: int32[] = input(unused)
      %2: float32[2, 3] = mul(%0, %0)
      %3: float32[] = constant(1)
      %4: float32[2, 3] = add(%2, %3)
      return y = %4"
    `);
  });

  it("fails where the function does, with the types of the operands", () => {
    const type = { dtype: "float32", shape: [2, 3] } as const;
    expect(() => trace({ a: type, b: type }, ({ a, b }) => ({ y: matmul(a, b) }))).toThrowError(
      /^matmul: got float32\[2, 3\] and float32\[2, 3\]/,
    );
  });

  it("refuses a value of another trace", () => {
    const foreign = input("foreign", { dtype: "float32", shape: [] });
    let error: unknown;
    try {
      trace({ x: { dtype: "float32", shape: [] } }, ({ x }) => ({ y: add(x, foreign) }));
    } catch (caught) {
      error = caught;
    }
    expect(isDiffusionForcingError(error, "invalid-graph")).toBe(true);
  });
});

it("says which operand is no value", () => {
  const x = input("x", { dtype: "float32", shape: [2] });
  expect(() => matmul(x, undefined as never)).toThrow("matmul: operand 1 is undefined; expected a traced value");
});
