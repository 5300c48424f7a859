import { describe, expect, it } from "vitest";
import { gradient } from "../autodiff/gradient.js";
import { tensor } from "../tensor/tensor.js";
import type { Graph } from "./graph.js";
import { add, constant, linear, mean, pad, relu, square, sub, sum } from "./operations.js";
import { optimize } from "./passes/optimize.js";
import { printGraph } from "./print.js";
import { trace } from "./trace.js";
import type { TensorType } from "./value.js";

const float32 = (...shape: number[]): TensorType => ({ dtype: "float32", shape });

const mlpInputs = {
  x: float32(4, 2),
  target: float32(4, 1),
  weight1: float32(3, 2),
  bias1: float32(3),
  weight2: float32(1, 3),
  bias2: float32(1),
};

function mlpGradient(): Graph {
  return trace(mlpInputs, ({ x, target, weight1, bias1, weight2, bias2 }) => {
    const hidden = relu(linear(x, weight1, bias1));
    const loss = mean(square(sub(linear(hidden, weight2, bias2), target)));
    const [weight, bias] = gradient(loss, [weight1, bias2]);
    return { loss, weight: weight!, bias: bias! };
  });
}

describe("printGraph", () => {
  it("shows attributes, and the first elements of constants", () => {
    const graph = trace({ x: float32(2, 3) }, ({ x }) => ({
      total: sum(add(pad(x, 1, 0, 2), constant(tensor([1, 2, 3, 4, 5]))), 0, true),
    }));
    expect(printGraph(graph)).toMatchInlineSnapshot(`
      "%0: float32[2, 3] = input(x)
      %1: float32[2, 5] = pad(%0; low=[0, 0] high=[0, 2] value=0)
      %2: float32[5] = constant(1, 2, 3, 4, ...)
      %3: float32[2, 5] = add(%1, %2)
      %4: float32[1, 5] = sum(%3; axes=[0] keepDims=true)
      return total = %4"
    `);
  });

  it("shows a small network forward", () => {
    const { x, weight1, bias1, weight2, bias2 } = mlpInputs;
    const graph = trace({ x, weight1, bias1, weight2, bias2 }, (v) => ({
      y: linear(relu(linear(v.x, v.weight1, v.bias1)), v.weight2, v.bias2),
    }));
    expect(printGraph(graph)).toMatchInlineSnapshot(`
      "%0: float32[4, 2] = input(x)
      %1: float32[3, 2] = input(weight1)
      %2: float32[3] = input(bias1)
      %3: float32[1, 3] = input(weight2)
      %4: float32[1] = input(bias2)
      %5: float32[4, 3] = linear(%0, %1, %2)
      %6: float32[4, 3] = relu(%5)
      %7: float32[4, 1] = linear(%6, %3, %4)
      return y = %7"
    `);
  });

  it("shows its loss and gradient as traced", () => {
    expect(printGraph(mlpGradient())).toMatchInlineSnapshot(`
      "%0: float32[4, 2] = input(x)
      %1: float32[4, 1] = input(target)
      %2: float32[3, 2] = input(weight1)
      %3: float32[3] = input(bias1)
      %4: float32[1, 3] = input(weight2)
      %5: float32[1] = input(bias2)
      %6: float32[4, 3] = linear(%0, %2, %3)
      %7: float32[4, 3] = relu(%6)
      %8: float32[4, 1] = linear(%7, %4, %5)
      %9: float32[4, 1] = sub(%8, %1)
      %10: float32[4, 1] = mul(%9, %9)
      %11: float32[] = sum(%10; axes=[0, 1] keepDims=false)
      %12: float32[] = constant(0.25)
      %13: float32[] = mul(%11, %12)
      %14: float32[] = constant(1)
      %15: float32[] = mul(%14, %12)
      %16: float32[1, 1] = reshape(%15; shape=[1, 1])
      %17: float32[4, 1] = broadcast(%16; shape=[4, 1])
      %18: float32[4, 1] = mul(%17, %9)
      %19: float32[4, 1] = mul(%17, %9)
      %20: float32[4, 1] = add(%18, %19)
      %21: float32[4, 3] = matmul(%20, %4; transposeA=false transposeB=false)
      %22: float32[4, 3] = heaviside(%7)
      %23: float32[4, 3] = mul(%21, %22)
      %24: float32[3, 2] = matmul(%23, %0; transposeA=true transposeB=false)
      %25: float32[1, 1] = sum(%20; axes=[0] keepDims=true)
      %26: float32[1] = reshape(%25; shape=[1])
      return loss = %13
      return weight = %24
      return bias = %26"
    `);
  });

  it("shows them optimised", () => {
    expect(printGraph(optimize(mlpGradient()))).toMatchInlineSnapshot(`
      "%0: float32[4, 2] = input(x)
      %1: float32[4, 1] = input(target)
      %2: float32[3, 2] = input(weight1)
      %3: float32[3] = input(bias1)
      %4: float32[1, 3] = input(weight2)
      %5: float32[1] = input(bias2)
      %6: float32[4, 3] = linear(%0, %2, %3)
      %7: float32[4, 3] = relu(%6)
      %8: float32[4, 1] = linear(%7, %4, %5)
      %9: float32[4, 1] = sub(%8, %1)
      %10: float32[4, 1] = mul(%9, %9)
      %11: float32[] = sum(%10; axes=[0, 1] keepDims=false)
      %12: float32[] = constant(0.25)
      %13: float32[] = mul(%11, %12)
      %14: float32[] = constant(0.5)
      %15: float32[4, 1] = mul(%9, %14)
      %16: float32[4, 3] = matmul(%15, %4; transposeA=false transposeB=false)
      %17: float32[4, 3] = heaviside(%7)
      %18: float32[4, 3] = mul(%16, %17)
      %19: float32[3, 2] = matmul(%18, %0; transposeA=true transposeB=false)
      %20: float32[1, 1] = sum(%15; axes=[0] keepDims=true)
      %21: float32[1] = reshape(%20; shape=[1])
      return loss = %13
      return weight = %19
      return bias = %21"
    `);
  });
});
