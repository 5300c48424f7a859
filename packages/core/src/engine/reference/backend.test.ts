import { describe, expect, it } from "vitest";
import { add } from "../graph/operations.js";
import { trace } from "../graph/trace.js";
import { tensor } from "../tensor/tensor.js";
import { referenceBackend } from "./backend.js";

describe("referenceBackend", () => {
  const graph = trace({ x: { dtype: "float32", shape: [2] } }, ({ x }) => ({ y: add(x, 1) }));

  it("stops its executables when it is disposed", async () => {
    const backend = referenceBackend();
    const executable = await backend.compile(graph);
    await backend.dispose();
    await expect(executable.run({ x: tensor([1, 2]) })).rejects.toMatchObject({ code: "disposed" });
  });

  it("reads device tensors of other backends", async () => {
    const x = {
      dtype: "float32",
      shape: [2],
      device: "elsewhere",
      read: async () => tensor([1, 2]),
      dispose: () => {},
    } as const;
    const executable = await referenceBackend().compile(graph);
    expect(await executable.run({ x })).toEqual({ y: tensor([2, 3]) });
  });
});
