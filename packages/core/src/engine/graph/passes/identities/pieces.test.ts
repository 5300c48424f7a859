import { describe, expect, it } from "vitest";
import { gradient } from "../../../autodiff/index.js";
import { evaluateGraph } from "../../../reference/index.js";
import { tensor } from "../../../tensor/tensor.js";
import * as op from "../../operations.js";
import { trace } from "../../trace.js";
import type { Value } from "../../value.js";
import { simplifyAlgebra } from "../algebraic-identities.js";
import { optimize } from "../optimize.js";

/** What a function of a and b becomes, as nested calls with the shapes of pads; a and b of the shape given. */
function simplified(fn: (a: Value, b: Value) => Value, shape: readonly number[] = [2, 3]): string {
  const type = { dtype: "float32", shape } as const;
  const graph = trace({ a: type, b: type }, ({ a, b }) => ({ result: fn(a, b) }));
  const text = (node: Value): string => {
    if (node.op === "input") return node.attributes.name;
    const shaped = ["pad", "transpose", "reshape"].includes(node.op) ? `[${node.shape}]` : "";
    return `${node.op}${shaped}(${node.inputs.map(text).join(", ")})`;
  };
  return text(simplifyAlgebra(graph).outputs.result as Value);
}

/** x at `start` of six rows, or of what `size` says. */
const at = (x: Value, start: number, size = 6): Value => op.pad(x, 0, start, size - start - (x.shape[0] as number));

describe("sums of pieces", () => {
  it("joins those side by side, in the order of their places", () => {
    expect(simplified((a, b) => op.add(at(a, 0), at(b, 2)))).toBe("pad[6,3](concat(a, b))");
    expect(simplified((a, b) => op.add(at(a, 4), at(b, 2)))).toBe("pad[6,3](concat(b, a))");
    expect(simplified((a, b) => op.add(at(a, 0, 4), at(b, 2, 4)))).toBe("concat(a, b)");
    expect(simplified((a, b) => op.add(op.add(at(a, 4), at(b, 0)), at(a, 2)))).toBe("concat(b, a, a)");
  });

  it("adds a piece inside another there", () => {
    const first = (x: Value): Value => op.slice(x, 0, 0, 1);
    expect(simplified((a, b) => op.add(at(a, 2), at(first(b), 3)))).toBe("pad[6,3](add(a, pad[2,3](slice(b))))");
    expect(simplified((a, b) => op.add(at(first(b), 2), at(a, 2)))).toBe("pad[6,3](add(a, pad[2,3](slice(b))))");
    expect(simplified((a, b) => op.add(at(a, 2), at(b, 2)))).toBe("pad[6,3](add(a, b))");
  });

  it("leaves those that lie apart, overlap in part, or belong to other wholes", () => {
    for (const sum of [
      (a: Value, b: Value) => op.add(at(a, 0), at(b, 3)),
      (a: Value, b: Value) => op.add(at(a, 0), at(b, 1)),
      (a: Value, b: Value) => op.add(op.pad(a, 0, 0, 1), op.pad(op.slice(b, 1, 0, 3), 0, 1, 0)),
    ]) {
      expect(simplified(sum)).toMatch(/^add\(pad\[\d,3\]\(a\), pad\[\d,3\]\(b\)\)$/);
    }
    expect(simplified((a, b) => op.add(op.pad(a, 0, 0, 2, 1), op.pad(b, 0, 2, 0)))).toBe(
      "add(pad[4,3](a), pad[4,3](b))",
    );
  });

  it("joins pieces along one axis of pieces along another", () => {
    const corner = (x: Value, low: number): Value => op.pad(op.pad(x, 0, low, 2 - low), 1, 0, 1);
    expect(simplified((a, b) => op.add(corner(a, 0), corner(b, 2)))).toBe("pad[4,4](concat(a, b))");
  });

  it("finds the piece that fits among those that are added to something else", () => {
    const whole = (x: Value): Value => op.concat([x, x, x], 0);
    expect(simplified((a, b) => op.add(op.add(whole(b), at(a, 0)), at(b, 2)))).toBe(
      "add(concat(b, b, b), pad[6,3](concat(a, b)))",
    );
    expect(simplified((a, b) => op.add(at(b, 2), op.add(at(a, 0), whole(b))))).toBe(
      "add(concat(b, b, b), pad[6,3](concat(a, b)))",
    );
    expect(simplified((a, b) => op.add(op.add(whole(b), at(a, 0)), at(b, 4)))).toMatch(/^add\(add\(/);
  });

  it("does so before transpositions and reshapes that all have gone through", () => {
    const turned = (x: Value): Value => op.transpose(x, [1, 0]);
    expect(simplified((a, b) => op.add(at(turned(a), 0), at(turned(b), 3)))).toBe("transpose[6,2](concat(a, b))");
    expect(simplified((a, b) => op.add(at(turned(a), 1), at(turned(b), 1)))).toBe(
      "pad[6,2](transpose[3,2](add(a, b)))",
    );
    const split = (x: Value): Value => op.reshape(x, [2, 3, 1]);
    expect(simplified((a, b) => op.add(at(split(a), 0), at(split(b), 2)))).toBe(
      "pad[6,3,1](reshape[4,3,1](concat(a, b)))",
    );
    const both = (x: Value): Value => op.reshape(turned(x), [1, 3, 2]);
    const along = (x: Value, start: number): Value => op.pad(x, 1, start, 3 - start);
    expect(simplified((a, b) => op.add(along(both(a), 0), along(both(b), 3)))).toBe(
      "reshape[1,6,2](transpose[6,2](concat(a, b)))",
    );
    expect(simplified((a, b) => op.add(turned(a), op.pad(turned(op.slice(b, 1, 0, 2)), 0, 1, 0)))).toBe(
      "transpose[3,2](add(a, pad[2,3](slice(b))))",
    );
  });

  it("but not where they went other ways, or a reshape cut the axis up", () => {
    const [one, other] = [(x: Value) => op.transpose(x, [1, 0, 2]), (x: Value) => op.transpose(x, [2, 1, 0])];
    expect(simplified((a, b) => op.add(at(one(a), 0), at(other(b), 2)), [2, 2, 2])).toBe(
      "pad[6,2,2](concat(transpose[2,2,2](a), transpose[2,2,2](b)))",
    );
    const rows = (x: Value): Value => op.reshape(x, [3, 2]);
    expect(simplified((a, b) => op.add(at(rows(a), 0), at(rows(b), 3)))).toBe(
      "concat(reshape[3,2](a), reshape[3,2](b))",
    );
  });
});

it("the derivative of what is cut into pieces, some of them within others, takes no pass over the whole for each", () => {
  const graph = trace({ x: { dtype: "float32", shape: [6, 2] } }, ({ x }) => {
    const piece = (from: number, to: number): Value => op.square(op.slice(x as Value, 0, from, to));
    const total = [piece(0, 2), piece(2, 4), piece(4, 6)].map((y, i) => op.mul(op.sum(y), i + 1));
    return {
      slope: gradient(
        total.reduce((a, b) => op.add(a, b)),
        [x as Value],
      )[0] as Value,
    };
  });
  const optimized = optimize(graph);
  const count = (name: string): number => optimized.nodes.filter((node) => node.op === name).length;
  expect([count("pad"), count("add"), count("concat")]).toEqual([0, 0, 1]);
  const x = tensor([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [6, 2]);
  expect([...(evaluateGraph(optimized, { x }).slope?.data ?? [])]).toEqual([
    2, 4, 6, 8, 20, 24, 28, 32, 54, 60, 66, 72,
  ]);
});
