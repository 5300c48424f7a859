import { describe, expect, it } from "vitest";
import { isDiffusionForcingError } from "../errors.js";
import { add, neg } from "./operations.js";
import { input } from "./trace.js";
import type { Value } from "./value.js";
import { verify } from "./verify.js";

const x = input("x", { dtype: "float32", shape: [2] });
const y = neg(x);
const z = add(x, y);
const sound = { inputs: [x], outputs: { z }, nodes: [x, y, z] };

function refusal(graph: Parameters<typeof verify>[0]): string {
  try {
    verify(graph);
  } catch (error) {
    if (isDiffusionForcingError(error, "invalid-graph")) return error.message.split(" This is a fault")[0] as string;
    throw error;
  }
  return "accepted";
}

describe("verify", () => {
  it("accepts a sound graph", () => {
    expect(refusal(sound)).toBe("accepted");
  });

  it("refuses an operand that stands after its user", () => {
    expect(refusal({ ...sound, nodes: [x, z, y] })).toBe('An operand of "add" (float32[2]) stands after its user.');
  });

  it("refuses a node whose type its rule does not infer", () => {
    const wrong = { ...y, shape: [3] } as Value;
    expect(refusal({ inputs: [x], outputs: { wrong }, nodes: [x, wrong] })).toBe(
      '"neg" is typed float32[3] but its rule infers float32[2].',
    );
  });

  it("refuses inputs that are undeclared, named alike or no inputs", () => {
    expect(refusal({ ...sound, inputs: [] })).toBe('Input "x" is used but not declared as an input of the graph.');
    const second = input("x", { dtype: "int32", shape: [] });
    expect(refusal({ ...sound, inputs: [x, second] })).toBe('Two graph inputs are named "x".');
    expect(refusal({ ...sound, inputs: [x, y] })).toBe('A graph input is a "neg" node.');
  });

  it("refuses an output that is no node of the graph", () => {
    expect(refusal({ ...sound, outputs: { other: neg(z) } })).toBe('Output "other" is not a node of the graph.');
  });
});
