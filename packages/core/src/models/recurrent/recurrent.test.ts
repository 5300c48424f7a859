import { describe, expect, it } from "vitest";
import { trace } from "../../engine/graph/trace.js";
import type { Value } from "../../engine/graph/value.js";
import { createRandom } from "../../engine/random/index.js";
import { referenceBackend } from "../../engine/reference/index.js";
import { type HostTensor, type HostTensorRecord, readTensor, tensor, zeros } from "../../engine/tensor/tensor.js";
import { normalDistribution } from "../../testing/statistics.js";
import { initializeParameters } from "../parameters.js";
import { recurrent } from "./recurrent.js";

const levelCount = 10;

async function outputs(
  model: ReturnType<typeof recurrent>,
  parameters: HostTensorRecord,
  batch: Record<string, HostTensor>,
): Promise<{ folded: number[]; stepped: number[] }> {
  const inputs = { ...parameters, ...batch };
  const length = batch.tokens!.shape[1] as number;
  const graph = trace(inputs, (values) => {
    const { tokens, noiseLevels } = values as { tokens: never; noiseLevels: never };
    return { folded: model.apply(values, { tokens, noiseLevels, levelCount }) };
  });
  const run = async (g: typeof graph, given: HostTensorRecord) => {
    const result = await (await referenceBackend().compile(g)).run(given);
    return Promise.all(Object.values(result).map(readTensor));
  };
  const [folded] = await run(graph, inputs);
  const { memory } = model;
  const samples = batch.tokens!.shape[0] as number;
  const start = trace(
    parameters,
    (values) => memory.initial(values, { batch: samples, tokens: 1 }) as { state: Value },
  );
  let [state] = await run(start, parameters);
  const stepped: number[] = [];
  for (let t = 0; t < length; t++) {
    const one = (value: HostTensor): HostTensor => {
      const width = value.data.length / (samples * length);
      const rows = Array.from({ length: samples }, (_, b) => [
        ...value.data.slice((b * length + t) * width, (b * length + t + 1) * width),
      ]).flat();
      const shape = [samples, 1, ...value.shape.slice(2)];
      return value.dtype === "int32" ? tensor(Int32Array.from(rows), shape) : tensor(rows, shape);
    };
    const given = { ...parameters, state: state!, tokens: one(batch.tokens!), noiseLevels: one(batch.noiseLevels!) };
    const step = trace(given, ({ state: z, tokens, noiseLevels, ...values }) => {
      const one = { tokens: tokens as never, noiseLevels: noiseLevels as never, levelCount };
      const { output, memory: after } = memory.advance(values, { state: z as never }, one);
      return { output, state: after.state! };
    });
    const [output, next] = await run(step, given);
    state = next;
    stepped.push(...(output!.data as Float32Array));
  }
  return { folded: [...folded!.data], stepped };
}

const batch = {
  tokens: tensor([0.5, -1, 2], [1, 3, 1]),
  noiseLevels: tensor(Int32Array.of(0, 3, 10), [1, 3]),
};

describe("recurrent", () => {
  it("computes a GRU as PyTorch does, without perceptrons", async () => {
    const model = recurrent({ features: 1, stateSize: 1, width: 4, mlpLayers: 0 });
    const shapes = model.parameters;
    const zero = Object.fromEntries(
      Object.entries(shapes).map(([name, { shape }]) => [
        name,
        tensor(new Float32Array(shape.reduce((a, b) => a * b, 1)), shape),
      ]),
    );
    // Only the token (column 1 of [z, x, 4 of the level]) and the state's own product matter.
    const input = new Float32Array(18);
    input[1] = 1; // r = sigmoid(x)
    input[13] = 2; // n = tanh(2 x + r (h + 0.5))
    const parameters = {
      ...zero,
      "cells.0.input.weight": tensor(input, [3, 6]),
      "cells.0.state.weight": tensor([0, 0, 1], [3, 1]),
      "cells.0.state.bias": tensor([0, 0, 0.5]),
      "output.weight": tensor([1], [1, 1]),
    };
    const { folded } = await outputs(model, parameters, batch);
    // h' = tanh(2 x + sigmoid(x) (h + 0.5)) / 2 + h / 2, from h = 0.
    const expected = [0.4322931, -0.2544995, 0.3725326].map((value) => expect.closeTo(value, 6));
    expect(folded).toEqual(expected);
  });

  it("keeps of the state what the update gate says, and takes the rest from the candidate", async () => {
    const model = recurrent({ features: 1, stateSize: 1, width: 4, mlpLayers: 0 });
    const parameters: Record<string, HostTensor> = Object.fromEntries(
      Object.entries(model.parameters).map(([name, { shape }]) => [name, zeros("float32", shape)]),
    );
    const [input, state] = [parameters["cells.0.input.weight"]!.data, parameters["cells.0.state.weight"]!.data];
    input[1] = 0.3; // r = sigmoid(.3 x)
    input[7] = 1; // u = sigmoid(x - h)
    input[13] = 2; // n = tanh(2 x + r h)
    state.set([0, -1, 1]);
    parameters["output.weight"]!.data[0] = 1;
    const { folded } = await outputs(model, parameters, batch);
    const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
    let h = 0;
    const expected = [0.5, -1, 2].map((x) => {
      const update = sigmoid(x - h);
      h = (1 - update) * Math.tanh(2 * x + sigmoid(0.3 * x) * h) + update * h;
      return expect.closeTo(h, 5);
    });
    expect(folded).toEqual(expected);
  });

  it("reads the sinusoid of a level less 1, the clean level as -1", async () => {
    const model = recurrent({ features: 1, stateSize: 1, width: 4, mlpLayers: 0 });
    const parameters: Record<string, HostTensor> = Object.fromEntries(
      Object.entries(model.parameters).map(([name, { shape }]) => [name, zeros("float32", shape)]),
    );
    // The first feature of the level's embedding is gelu(sin(k - 1) + 20) - 20, nearly the sine itself.
    parameters["level1.weight"]!.data[0] = 1;
    parameters["level1.bias"]!.data[0] = 20;
    parameters["level2.weight"]!.data[0] = 1;
    parameters["level2.bias"]!.data[0] = -20;
    // The update gate is shut, and the candidate is the hyperbolic tangent of that feature, column 2 of [z, x, level].
    parameters["cells.0.input.bias"]!.data[1] = -50;
    parameters["cells.0.input.weight"]!.data[14] = 1;
    parameters["output.weight"]!.data[0] = 1;
    const { folded } = await outputs(model, parameters, batch);
    expect(folded).toEqual([0, 3, 10].map((level) => expect.closeTo(Math.tanh(Math.sin(level - 1)), 4)));
  });

  it("without cells is the perceptrons alone", async () => {
    const model = recurrent({ features: 1, stateSize: 1, width: 4, cells: 0 });
    const parameters = Object.fromEntries(
      Object.entries(model.parameters).map(([name, { shape }]) => [name, zeros("float32", shape)]),
    );
    // z' = 2 (gelu(x + z) + 1), x and z being columns 1 and 0 of [z, x, 4 of the level]; the prediction is z'.
    parameters["before.0.shortcut.weight"]!.data.set([1, 1]);
    parameters["after.0.weight"]!.data.set([2]);
    parameters["after.0.bias"]!.data.set([2]);
    parameters["output.weight"]!.data.set([1]);
    expect(Object.keys(parameters).filter((name) => name.startsWith("cells"))).toEqual([]);
    const { folded } = await outputs(model, parameters, batch);
    const gelu = (x: number) => x * normalDistribution(x);
    const first = 2 * gelu(0.5) + 2;
    const second = 2 * gelu(first - 1) + 2;
    expect(folded).toEqual([first, second, 2 * gelu(second + 2) + 2].map((value) => expect.closeTo(value, 5)));
  });

  it.each([{ mlpLayers: 0 }, { mlpLayers: 1, cells: 2, learnedInitialState: true }, { mlpLayers: 3 }, { cells: 0 }])(
    "folds its step over the tokens: %j",
    async (options) => {
      const model = recurrent({ features: 1, stateSize: 4, width: 4, ...options });
      const parameters = initializeParameters(model, createRandom(3));
      const { folded, stepped } = await outputs(model, parameters, batch);
      expect(stepped).toEqual(folded);
    },
  );

  it("never looks ahead", async () => {
    const model = recurrent({ features: 1, stateSize: 4, width: 4 });
    const parameters = initializeParameters(model, createRandom(3));
    const { folded } = await outputs(model, parameters, batch);
    const other = await outputs(model, parameters, { ...batch, tokens: tensor([0.5, -1, 7], [1, 3, 1]) });
    expect(other.folded.slice(0, 2)).toEqual(folded.slice(0, 2));
    expect(other.folded[2]).not.toBe(folded[2]);
  });

  it.each([
    [{ features: 0 }, /features is 0/],
    [{ features: 1, width: 5 }, /width is 5/],
    [{ features: 1, stateSize: 8, cells: 3 }, /cells is 3; expected a divisor of the state's size 8/],
    [{ features: 1, mlpLayers: -1 }, /mlpLayers is -1/],
    [{ features: 1, learnedInitialState: "yes" }, /learnedInitialState is "yes"/],
    [{ features: 1, cells: 0, mlpLayers: 0 }, /cells is 0; expected 1 or more, or else perceptrons/],
    [{ features: 1, cells: 1e9 }, /cells is 1000000000; expected a whole number from 0 to 1000/],
    [{ features: 1, width: 65536, mlpLayers: 9 }, /these sizes make \d+ parameters; expected at most 2147483648/],
    [{ features: 1, stateWidth: 3 }, /there is no option stateWidth. The known ones are/],
  ])("refuses %j", (options, message) => {
    expect(() => recurrent(options as never)).toThrow(message);
  });
});
