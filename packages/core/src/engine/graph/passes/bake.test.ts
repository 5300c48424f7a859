import { describe, expect, it } from "vitest";
import { isDiffusionForcingError } from "../../errors.js";
import { type HostTensorRecord, tensor } from "../../tensor/tensor.js";
import { add, mul } from "../operations.js";
import { printGraph } from "../print.js";
import { trace } from "../trace.js";
import { bakeConstants } from "./bake.js";

const vector = { dtype: "float32", shape: [2] } as const;
const graph = trace({ x: vector, weight: vector, unused: vector }, ({ x, weight }) => ({
  y: add(mul(x, weight), weight),
}));

function refusal(constants: HostTensorRecord): [string, string] | undefined {
  try {
    bakeConstants(graph, constants);
  } catch (error) {
    if (isDiffusionForcingError(error)) return [error.code, error.message];
    throw error;
  }
  return undefined;
}

describe("bakeConstants", () => {
  it("replaces inputs by constants and no longer declares them", () => {
    const baked = bakeConstants(graph, { weight: tensor([3, 4]), unused: tensor([0, 0]) });
    expect(printGraph(baked)).toMatchInlineSnapshot(`
      "%0: float32[2] = input(x)
      %1: float32[2] = constant(3, 4)
      %2: float32[2] = mul(%0, %1)
      %3: float32[2] = add(%2, %1)
      return y = %3"
    `);
  });

  it("does not copy the data", () => {
    const weight = tensor([3, 4]);
    const nodes = bakeConstants(graph, { weight }).nodes;
    expect(nodes.some((node) => node.op === "constant" && node.attributes.data === weight.data)).toBe(true);
  });

  it("gives the same graph back when there is nothing to bake", () => {
    expect(bakeConstants(graph, {})).toBe(graph);
  });

  it("refuses names, shapes and dtypes that do not fit", () => {
    expect(refusal({ wieght: tensor([3, 4]) })).toEqual([
      "invalid-argument",
      'bakeConstants: the graph has no input "wieght"; its inputs are x, weight, unused.',
    ]);
    expect(refusal({ weight: tensor([3, 4, 5]) })).toEqual([
      "shape-mismatch",
      `bakeConstants: "weight" is float32[3]; the graph's input is float32[2]. Give a tensor of that type.`,
    ]);
    expect(refusal({ weight: tensor(Int32Array.of(3, 4)) })?.[0]).toBe("dtype-mismatch");
  });
});
