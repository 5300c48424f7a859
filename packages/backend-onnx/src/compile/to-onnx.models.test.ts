import { ancestral, createRandom, ddim, type HostTensor, tensor } from "@diffusion-forcing/core";
import { evaluateGraph, type Graph } from "@diffusion-forcing/core/graph";
import { parameterName, walkGraph } from "@diffusion-forcing/core/sampling";
import { lossCases, lossProblem, modelCases, modelDiffusion, modelProblem } from "@diffusion-forcing/core/testing";
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

/** Numbers for the float32 inputs of a graph, by name. */
function drawnInputs({ inputs }: Graph): Record<string, HostTensor> {
  const floats = inputs.filter(({ dtype }) => dtype === "float32");
  return Object.fromEntries(
    floats.map(({ attributes, shape }, seed) => {
      const data = new Float32Array(shape.reduce((size, axis) => size * axis, 1));
      createRandom(seed).fillNormal(data);
      return [attributes.name, tensor(data, shape)];
    }),
  );
}

/** What plain ONNX Runtime makes of a file, told the inputs that it has open. */
async function runFile(
  bytes: Uint8Array,
  inputs: Readonly<Record<string, HostTensor>>,
): Promise<runtime.InferenceSession.ReturnType> {
  const { graph, operatorSets } = decodeModel(bytes);
  expect(operatorSets).toEqual([{ domain: "", version: 18 }]);
  const session = await runtime.InferenceSession.create(bytes);
  try {
    return await session.run(
      Object.fromEntries(graph.inputs.map(({ name }) => [name, onnxTensor(inputs[name] as HostTensor)])),
    );
  } finally {
    await session.release();
  }
}

describe("exported models", () => {
  it.each(modelCases)("$name: the file loads elsewhere and computes the same", async (modelCase) => {
    const { inputs, parameterNames, forward } = modelProblem(modelCase);
    const graph = forward();
    const constants = Object.fromEntries(parameterNames.map((name) => [name, inputs[name] as HostTensor]));
    const bytes = toOnnx(graph, { constants });
    const names = decodeModel(bytes).graph.inputs.map(({ name }) => name);
    expect(names.filter((name) => !["tokens", "noiseLevels", "noise", "condition"].includes(name))).toEqual([]);
    const { output } = await runFile(bytes, inputs);
    expect(difference(output, evaluateGraph(graph, inputs).output as HostTensor)).toBeLessThan(2e-5);
  });
});

describe("exported steps of the sampler", () => {
  it.each(modelCases)("$name: the file loads elsewhere and takes the same step", async (modelCase) => {
    const diffusion = modelDiffusion(modelCase);
    const { batch, length } = modelCase;
    const solver = diffusion.process.path === undefined ? ancestral() : ddim({ eta: 0.5 });
    const graph = walkGraph(diffusion, { solver, stabilizationLevel: 1 }, { batch, length, steps: 1, details: true });
    const { inputs, parameterNames } = modelProblem(modelCase);
    const constants = Object.fromEntries(
      parameterNames.map((name) => [parameterName(name), inputs[name] as HostTensor]),
    );
    // From pure noise and from near the data, to the data for the first token of each sequence.
    const places = Array.from({ length: batch * length }, (_, i) => i);
    const rows = [...places.map((i) => (i % 2 === 0 ? 10 : 4)), ...places.map((i) => (i % length === 0 ? 0 : 3))];
    const levels = tensor(Int32Array.from(rows), [2, batch, length]);
    const given = { ...drawnInputs(graph), ...constants, levels };
    const found = await runFile(toOnnx(graph, { constants }), given);
    const expected = evaluateGraph(graph, given);
    expect(Object.keys(expected)).toEqual(["x", "clean"]);
    for (const [name, value] of Object.entries(expected)) {
      expect(difference(found[`${name}.next`] ?? found[name], value), name).toBeLessThan(1e-4);
    }
  });
});

describe("exported losses", () => {
  it.each(lossCases)("$name: the file loads elsewhere and computes the same loss and slopes", async (lossCase) => {
    const { inputs, lossAndGradients } = lossProblem(lossCase);
    const graph = lossAndGradients();
    const found = await runFile(toOnnx(graph), inputs);
    for (const [name, expected] of Object.entries(evaluateGraph(graph, inputs))) {
      expect(difference(found[name], expected), name).toBeLessThan(2e-5);
    }
  });
});
