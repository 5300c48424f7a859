import { max, sum, trace } from "@diffusion-forcing/core/graph";
import { expect, it } from "vitest";
import { lowerGraph } from "../lower-graph.js";
import { printModel } from "../proto/print.js";
import type { TargetName } from "../target.js";

const x = { dtype: "int32", shape: [4, 3] } as const;
const graph = trace({ x }, (values) => ({ total: sum(values.x, 0), largest: max(values.x, 1) }));
const emitted = (target: TargetName): string =>
  printModel(lowerGraph(graph, { target, name: "g", metadata: {} }).model);

it("int32 is summed in doubles where ReduceSum does not wrap around", () => {
  expect(emitted("cpu")).toMatchInlineSnapshot(`
    "input x: int32[4, 3]
    %1: int64[1] = 0
    %4: int64[1] = 4294967296
    %7: int64[1] = 3
    %9: int64[1] = 1
    %0 = Cast(x; to=11)
    %2 = ReduceSum(%0, %1; keepdims=1)
    %3 = Cast(%2; to=7)
    %5 = Mod(%3, %4)
    %6 = Cast(%5; to=6)
    total = Reshape(%6, %7)
    largest = ReduceMax(x, %9; keepdims=0)
    output total: int32[3]
    output largest: int32[4]"
  `);
});

it("and on CUDA, where cuDNN reduces it as float32, its largest is found in doubles too", () => {
  expect(emitted("cuda")).toMatchInlineSnapshot(`
    "input x: int32[4, 3]
    %1: int64[1] = 0
    %4: int64[1] = 4294967296
    %7: int64[1] = 3
    %10: int64[1] = 1
    %0 = Cast(x; to=11)
    %2 = ReduceSum(%0, %1; keepdims=1)
    %3 = Cast(%2; to=7)
    %5 = Mod(%3, %4)
    %6 = Cast(%5; to=6)
    total = Reshape(%6, %7)
    %9 = Cast(x; to=11)
    %11 = ReduceMax(%9, %10; keepdims=0)
    largest = Cast(%11; to=6)
    output total: int32[3]
    output largest: int32[4]"
  `);
});

it("WebGPU's own kernels take int32", () => {
  expect(emitted("webgpu")).toMatchInlineSnapshot(`
    "input x: int32[4, 3]
    %0: int64[1] = 0
    %2: int64[1] = 1
    total = ReduceSum(x, %0; keepdims=0)
    largest = ReduceMax(x, %2; keepdims=0)
    output total: int32[3]
    output largest: int32[4]"
  `);
});
