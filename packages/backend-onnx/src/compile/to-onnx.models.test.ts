import type { HostTensor } from "@diffusion-forcing/core";
import { evaluateGraph } from "@diffusion-forcing/core/graph";
import { lossCases, lossProblem, modelCases, modelProblem } from "@diffusion-forcing/core/testing";
import * as runtime from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { decodeModel } from "./proto/decode.js";
import { toOnnx } from "./to-onnx.js";

function onnxTensor({ dtype, shape, data }: HostTensor): runtime.Tensor {
  return dtype === "float32"
    ? new runtime.Tensor("float32", data as Float32Array, [...shape])
    : new runtime.Tensor("int32", data as Int32Array, [...shape]);
}

/** The largest difference, in units of 1 + |expected|. */
function difference(found: runtime.Tensor | undefined, expected: HostTensor): number {
  expect(found?.dims).toEqual(expected.shape);
  const data = found?.data as Float32Array;
  const gaps = Array.from(expected.data, (value, i) => Math.abs((data[i] as number) - value) / (1 + Math.abs(value)));
  return Math.max(...gaps);
}

describe("exported models", () => {
  it.each(modelCases)("$name: the file loads elsewhere and computes the same", async (modelCase) => {
    const { inputs, parameterNames, forward } = modelProblem(modelCase);
    const graph = forward();
    const constants = Object.fromEntries(parameterNames.map((name) => [name, inputs[name] as HostTensor]));
    const bytes = toOnnx(graph, { constants });
    const { graph: lowered, operatorSets } = decodeModel(bytes);
    expect(operatorSets).toEqual([{ domain: "", version: 18 }]);
    const names = lowered.inputs.map(({ name }) => name);
    expect(names.filter((name) => !["tokens", "noiseLevels", "noise", "condition"].includes(name))).toEqual([]);
    const session = await runtime.InferenceSession.create(bytes);
    const fed = names.map((name) => [name, onnxTensor(inputs[name] as HostTensor)]);
    const { output } = await session.run(Object.fromEntries(fed));
    await session.release();
    expect(difference(output, evaluateGraph(graph, inputs).output as HostTensor)).toBeLessThan(2e-5);
  });
});

describe("exported losses", () => {
  it.each(lossCases)("$name: the file loads elsewhere and computes the same loss and slopes", async (lossCase) => {
    const { inputs, lossAndGradients } = lossProblem(lossCase);
    const graph = lossAndGradients();
    const bytes = toOnnx(graph);
    const { graph: lowered } = decodeModel(bytes);
    const session = await runtime.InferenceSession.create(bytes);
    const fed = lowered.inputs.map(({ name }) => [name, onnxTensor(inputs[name] as HostTensor)]);
    const found = await session.run(Object.fromEntries(fed));
    await session.release();
    for (const [name, expected] of Object.entries(evaluateGraph(graph, inputs))) {
      expect(difference(found[name], expected), name).toBeLessThan(2e-5);
    }
  });
});
