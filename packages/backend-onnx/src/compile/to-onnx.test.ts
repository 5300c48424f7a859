import { tensor } from "@diffusion-forcing/core";
import { gelu, matmul, trace } from "@diffusion-forcing/core/graph";
import * as runtime from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { decodeModel } from "./proto/decode.js";
import { toOnnx } from "./to-onnx.js";

const graph = trace(
  { x: { dtype: "float32", shape: [2, 1, 2] }, w: { dtype: "float32", shape: [2, 2, 2] } },
  ({ x, w }) => ({
    y: gelu(matmul(x, w, { transposeB: true })),
  }),
);
const w = tensor([1, 0, 0, 1, 2, 0, 0, 2], [2, 2, 2]);

describe("toOnnx", () => {
  it("writes a portable file that plain ONNX Runtime runs", async () => {
    const bytes = toOnnx(graph, { constants: { w }, name: "tiny", metadata: { width: "2" } });
    const model = decodeModel(bytes);
    expect(model.operatorSets).toEqual([{ domain: "", version: 18 }]);
    expect(model.metadata).toEqual({ width: "2" });
    expect(model.graph.name).toBe("tiny");
    expect(model.graph.inputs).toEqual([{ name: "x", elementType: "float32", shape: [2, 1, 2] }]);
    const session = await runtime.InferenceSession.create(bytes);
    const { y } = await session.run({ x: new runtime.Tensor("float32", Float32Array.of(1, 0, 0, 0.5), [2, 1, 2]) });
    expect(y?.dims).toEqual([2, 1, 2]);
    // gelu(1) = Phi(1), at x = (1, 0) and 2 * (0, 0.5)
    const data = y?.data as Float32Array;
    for (const [i, expected] of [0.8413447, 0, 0, 0.8413447].entries()) expect(data[i]).toBeCloseTo(expected, 6);
    await session.release();
  });

  it("refuses an option that there is not, and one whose value cannot be", () => {
    const graph = trace({ x: { dtype: "float32", shape: [2] } }, ({ x }) => ({ y: x }));
    expect(() => toOnnx(undefined as never)).toThrow("toOnnx: the graph: the value is undefined; expected a graph");
    expect(() => toOnnx(graph, { portabel: false } as never)).toThrow("toOnnx: there is no option portabel.");
    expect(() => toOnnx(graph, { portable: "no" } as never)).toThrow(
      'toOnnx: portable is "no"; expected true or false.',
    );
  });

  it("uses fused operators if it need not be portable", () => {
    const { operatorSets, graph: lowered } = decodeModel(toOnnx(graph, { portable: false }));
    expect(operatorSets).toContainEqual({ domain: "com.microsoft", version: 1 });
    expect(lowered.nodes.map(({ operator }) => operator)).toEqual(["FusedMatMul", "Gelu"]);
    expect(lowered.inputs.map(({ name }) => name)).toEqual(["x", "w"]);
  });
});
