import { describe, expect, it } from "vitest";
import { isDiffusionForcingError } from "../engine/errors.js";
import { trace } from "../engine/graph/trace.js";
import { evaluateGraph } from "../engine/reference/index.js";
import { tensor } from "../engine/tensor/tensor.js";
import { joinMemories, memoryOf, repeatMemory } from "./memory.js";
import { unet3d } from "./unet3d/index.js";

describe("memories as batches", () => {
  const inputs = { keys: tensor([1, 2, 3, 4], [2, 2]), filled: tensor(Int32Array.of(5, 6)) };

  it("repeat the whole batch", () => {
    const found = evaluateGraph(
      trace(inputs, (values) => ({ ...repeatMemory(values, 3) })),
      inputs,
    );
    expect(found.keys).toEqual(tensor([1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4], [6, 2]));
    expect(found.filled).toEqual(tensor(Int32Array.of(5, 6, 5, 6, 5, 6)));
  });

  it("once is the memory itself", () => {
    const memory = {};
    expect(repeatMemory(memory, 1)).toBe(memory);
  });

  it("join in their order", () => {
    const found = evaluateGraph(
      trace(inputs, (values) => ({ ...joinMemories([values, repeatMemory(values, 2)]) })),
      inputs,
    );
    expect(found.keys!.shape).toEqual([6, 2]);
    expect(found.filled).toEqual(tensor(Int32Array.of(5, 6, 5, 6, 5, 6)));
  });
});

describe("memoryOf", () => {
  const complaint = (model: Parameters<typeof memoryOf>[0]): string => {
    try {
      memoryOf(model);
    } catch (error) {
      return isDiffusionForcingError(error, "invalid-config") ? error.message : String(error);
    }
    return "present";
  };

  it("says why there is none, in the model's words or in its own", () => {
    expect(complaint(unet3d({ tokenShape: [1, 8, 8], multipliers: [1] }))).toBe(
      'A model of kind "unet3d" has no memory: it reads its window again at every step. Take a causal dit3d for frames that are to be cached.',
    );
    expect(complaint({ config: { kind: "mine" } })).toBe(
      'A model of kind "mine" keeps no memory of past tokens: it can only read its whole window again.',
    );
  });
});
