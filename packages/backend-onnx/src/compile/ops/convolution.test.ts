import { type HostTensor, tensor } from "@diffusion-forcing/core";
import { readTensor } from "@diffusion-forcing/core/backend";
import {
  add,
  conv2d,
  emit,
  evaluateGraph,
  gradient,
  optimize,
  sum,
  trace,
  type Value,
} from "@diffusion-forcing/core/graph";
import { describe, expect, it } from "vitest";
import { onnxBackend } from "../../node/onnx-backend.js";
import { lowerGraph } from "../lower-graph.js";
import { printModel } from "../proto/print.js";

type Fn = (values: Record<string, Value>) => Record<string, Value>;

function emitted(shapes: Record<string, readonly number[]>, fn: Fn): string {
  const types = Object.entries(shapes).map(([name, shape]) => [name, { dtype: "float32", shape }] as const);
  const graph = optimize(trace(Object.fromEntries(types), fn));
  return printModel(lowerGraph(graph, { target: "portable", name: "g", metadata: {} }).model);
}

describe("conv2d", () => {
  it("is Conv, its borders in the order of ONNX", () => {
    const attributes = { strides: [2, 1], low: [1, 0], high: [3, 2] };
    expect(
      emitted({ x: [2, 3, 8, 6], w: [4, 3, 3, 2] }, ({ x, w }) => ({ y: emit("conv2d", [x!, w!], attributes) })),
    ).toMatchInlineSnapshot(`
        "input x: float32[2, 3, 8, 6]
        input w: float32[4, 3, 3, 2]
        y = Conv(x, w; strides=[2, 1] pads=[1, 0, 3, 2])
        output y: float32[2, 4, 5, 7]"
      `);
  });

  it("takes a bias per channel in, from either side", () => {
    const shapes = { x: [2, 3, 4, 4], w: [5, 3, 1, 1], b: [5] };
    expect(emitted(shapes, ({ x, w, b }) => ({ y: conv2d(x!, w!, b!) }))).toMatchInlineSnapshot(`
      "input x: float32[2, 3, 4, 4]
      input w: float32[5, 3, 1, 1]
      input b: float32[5]
      y = Conv(x, w, b; strides=[1, 1] pads=[0, 0, 0, 0])
      output y: float32[2, 5, 4, 4]"
    `);
    const turned: Fn = ({ x, w, b }) => {
      const result = conv2d(x!, w!, b!);
      return { y: add(result.inputs[1] as Value, result.inputs[0] as Value) };
    };
    expect(emitted(shapes, turned)).toContain("Conv(x, w, b;");
  });

  it("does not take in what is not one number per channel, nor a convolution that others need", () => {
    const shapes = { x: [1, 2, 3, 3], w: [3, 2, 1, 1], c: [3, 1], b: [3] };
    const plain = { strides: [1, 1], low: [0, 0], high: [0, 0] };
    expect(emitted(shapes, ({ x, w, c }) => ({ y: add(emit("conv2d", [x!, w!], plain), c!) }))).toContain("Add(");
    const shared: Fn = ({ x, w, b }) => {
      const y = conv2d(x!, w!, b!);
      return { y, z: sum(y.inputs[0] as Value) };
    };
    expect(emitted(shapes, shared)).toContain("Add(");
  });

  it("with its bias and gradients gives what the interpreter gives", async () => {
    const inputs: Record<string, HostTensor> = {
      x: tensor([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 1, 3, 3]),
      w: tensor([1, -1, 2, 0.5], [1, 1, 2, 2]),
      b: tensor([10]),
    };
    const graph = trace(inputs, ({ x, w, b }) => {
      const y = conv2d(x!, w!, b!, { stride: 2, padding: 1 });
      const [dx, dw, db] = gradient(sum(y), [x!, w!, b!]);
      return { y, dx: dx!, dw: dw!, db: db! };
    });
    const backend = await onnxBackend();
    const executable = await backend.compile(graph);
    const results = await executable.run(inputs);
    const expected = evaluateGraph(graph, inputs);
    for (const [name, result] of Object.entries(results)) expect(await readTensor(result)).toEqual(expected[name]);
    // Top left sees only the image's first element, by the kernel's last weight.
    expect((await readTensor(results.y!)).data[0]).toBe(10.5);
    await backend.dispose();
  });
});
