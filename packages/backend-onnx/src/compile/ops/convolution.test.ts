import { createRandom, type HostTensor, tensor } from "@diffusion-forcing/core";
import { readTensor } from "@diffusion-forcing/core/backend";
import {
  add,
  constant,
  conv2d,
  emit,
  evaluateGraph,
  gradient,
  mul,
  optimize,
  sum,
  trace,
  type Value,
} from "@diffusion-forcing/core/graph";
import { describe, expect, it } from "vitest";
import { onnxBackend } from "../../node/onnx-backend.js";
import { lowerGraph } from "../lower-graph.js";
import { printModel } from "../proto/print.js";

function normal(seed: number, shape: readonly number[]): HostTensor {
  const data = new Float32Array(shape.reduce((product, size) => product * size, 1));
  createRandom(seed).fillNormal(data);
  return tensor(data, shape);
}

type Fn = (values: Record<string, Value>) => Record<string, Value>;

function emitted(shapes: Record<string, readonly number[]>, fn: Fn, channelBlock?: number): string {
  const types = Object.entries(shapes).map(([name, shape]) => [name, { dtype: "float32", shape }] as const);
  const graph = optimize(trace(Object.fromEntries(types), fn));
  const target = channelBlock === undefined ? "portable" : "cpu";
  return printModel(lowerGraph(graph, { target, name: "g", metadata: {}, channelBlock }).model);
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

  it("with fed weights runs in blocks of channels, where the runtime has them and the work pays for it", () => {
    const convolution: Fn = ({ x, w, b }) => ({ y: conv2d(x!, w!, b!, { padding: 1 }) });
    const large = { x: [8, 16, 16, 16], w: [32, 16, 3, 3], b: [32] };
    expect(emitted(large, convolution, 8)).toMatchInlineSnapshot(`
      "input x: float32[8, 16, 16, 16]
      input w: float32[32, 16, 3, 3]
      input b: float32[32]
      %1: int64[3] = 4, 8, 144
      %4: int32[144] = 0, 9, 18, 27, ...
      %6: int64[4] = 32, 16, 3, 3
      %0 = com.microsoft.nchwc.ReorderInput(x)
      %12 = Reshape(w, %1)
      %13 = Transpose(%12; perm=[0, 2, 1])
      %14 = Gather(%13, %4; axis=1)
      %15 = Reshape(%14, %6)
      %16 = com.microsoft.nchwc.Conv(%0, %15, b; pads=[1, 1, 1, 1] strides=[1, 1])
      y = com.microsoft.nchwc.ReorderOutput(%16; channels=32 channels_last=0)
      output y: float32[8, 32, 16, 16]"
    `);
    expect(emitted(large, convolution)).toContain("= Conv(x, w, b;");
    expect(emitted({ ...large, x: [1, 16, 4, 4] }, convolution, 8)).toContain("= Conv(x, w, b;");
    expect(emitted({ x: [8, 12, 16, 16], w: [32, 12, 3, 3], b: [32] }, convolution, 8)).toContain("= Conv(x, w, b;");
    expect(emitted({ x: [8, 64, 32, 32], w: [32, 64, 1, 1], b: [32] }, convolution, 8)).toContain("= Conv(x, w, b;");
    const weight = constant(tensor(new Float32Array(32 * 16 * 9), [32, 16, 3, 3]));
    expect(
      emitted({ x: [8, 16, 16, 16], b: [32] }, ({ x, b }) => convolution({ x: x!, w: weight, b: b! }), 8),
    ).toContain("= Conv(x,");
  });

  it.each([
    { stride: 1, padding: 1 },
    { stride: 2, padding: 1 },
    { stride: 1, padding: 0 },
  ])("in blocks or not, gives what the interpreter gives, gradients included: %j", async (options) => {
    const inputs = { x: normal(1, [8, 16, 17, 16]), w: normal(2, [32, 16, 3, 3]), b: normal(3, [32]) };
    const graph = trace(inputs, ({ x, w, b }) => {
      const y = conv2d(x, w, b, options);
      const [dx, dw, db] = gradient(sum(mul(y, y)), [x, w, b]);
      return { y, dx: dx!, dw: dw!, db: db! };
    });
    const backend = await onnxBackend({ device: "cpu" });
    const results = await (await backend.compile(graph)).run(inputs);
    const expected = evaluateGraph(graph, inputs);
    for (const [name, result] of Object.entries(results)) {
      const right = Float64Array.from(expected[name]!.data);
      const found = Float64Array.from((await readTensor(result)).data);
      const scale = right.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
      const difference = found.reduce((largest, value, i) => Math.max(largest, Math.abs(value - right[i]!)), 0);
      expect(difference / scale, name).toBeLessThan(2e-6);
    }
    await backend.dispose();
  });
});

describe("conv2dWeightGradient", () => {
  it("is a convolution of the image with the cotangent, the batch as channels, channels along the width", () => {
    const attributes = { strides: [2, 1], low: [1, 0], high: [0, 2], kernel: [3, 3] };
    const shapes = { x: [4, 2, 8, 6], c: [4, 5, 4, 6] };
    const gradientOf: Fn = ({ x, c }) => ({ y: emit("conv2dWeightGradient", [x!, c!], attributes) });
    expect(emitted(shapes, gradientOf, 8)).toMatchInlineSnapshot(`
      "input x: float32[4, 2, 8, 6]
      input c: float32[4, 5, 4, 6]
      %0: int64[3] = 4, 2, 48
      %3: int64[4] = 1, 4, 8, 12
      %5: int64[4] = 20, 1, 4, 6
      %6: int64[4] = 4, 1, 5, 24
      %11: int64[2] = 4, 90
      %13: float32[1, 4] = 1, 1, 1, 1
      %15: int64[4] = 5, 3, 3, 2
      %17: int64[3] = 5, 9, 2
      %20: int64[4] = 5, 2, 3, 3
      %1 = Reshape(x, %0)
      %2 = Transpose(%1; perm=[0, 2, 1])
      %4 = Reshape(%2, %3)
      %7 = Reshape(c, %6)
      %8 = Transpose(%7; perm=[0, 2, 1, 3])
      %9 = Reshape(%8, %5)
      %10 = Conv(%4, %9; strides=[1, 1] pads=[1, 0, 0, 4] dilations=[2, 2] group=4)
      %12 = Reshape(%10, %11)
      %14 = Gemm(%13, %12)
      %16 = Reshape(%14, %15)
      %18 = Reshape(%16, %17)
      %19 = Transpose(%18; perm=[0, 2, 1])
      y = Reshape(%19, %20)
      output y: float32[5, 2, 3, 3]"
    `);
    expect(emitted(shapes, gradientOf)).not.toContain("dilations");
  });
});
