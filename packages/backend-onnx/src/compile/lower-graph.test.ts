import { tensor } from "@diffusion-forcing/core";
import {
  add,
  concat,
  emit,
  type Graph,
  gelu,
  gradient,
  layerNorm,
  linear,
  matmul,
  mean,
  mul,
  optimize,
  relu,
  reshape,
  slice,
  softmax,
  square,
  sum,
  trace,
  transpose,
  type Value,
  where,
} from "@diffusion-forcing/core/graph";
import { describe, expect, it } from "vitest";
import { lowerGraph } from "./lower-graph.js";
import { printModel } from "./proto/print.js";
import type { TargetName } from "./target.js";

type Fn = (values: Record<string, Value>) => Record<string, Value>;

/** What is emitted for fn over float32 inputs of the shapes given. */
function emitted(shapes: Record<string, readonly number[]>, fn: Fn, target: TargetName = "cpu"): string {
  const inputs = Object.entries(shapes).map(([name, shape]) => [name, { dtype: "float32", shape }] as const);
  return print(optimize(trace(Object.fromEntries(inputs), fn)), target);
}

const print = (graph: Graph, target: TargetName = "cpu"): string =>
  printModel(lowerGraph(graph, { target, name: "g", metadata: {} }).model);

describe("matrix products", () => {
  it("of matrices: Gemm with transposes and alpha", () => {
    const fn: Fn = ({ a, b }) => ({ y: mul(matmul(a!, mul(b!, 3), { transposeA: true }), 0.5) });
    expect(emitted({ a: [4, 2], b: [4, 3] }, fn)).toMatchInlineSnapshot(`
      "input a: float32[4, 2]
      input b: float32[4, 3]
      y = Gemm(a, b; transA=1 transB=0 alpha=1.5)
      output y: float32[2, 3]"
    `);
  });

  it("of batches: MatMul, or FusedMatMul with transposes", () => {
    expect(emitted({ a: [5, 2, 4], b: [5, 4, 3] }, ({ a, b }) => ({ y: matmul(a!, b!) }))).toMatchInlineSnapshot(`
      "input a: float32[5, 2, 4]
      input b: float32[5, 4, 3]
      y = MatMul(a, b)
      output y: float32[5, 2, 3]"
    `);
    const fn: Fn = ({ a, b }) => ({ y: matmul(a!, b!, { transposeB: true }) });
    expect(emitted({ a: [5, 2, 4], b: [5, 3, 4] }, fn)).toMatchInlineSnapshot(`
      "input a: float32[5, 2, 4]
      input b: float32[5, 3, 4]
      y = com.microsoft.FusedMatMul(a, b; transA=0 transB=1 transBatchA=0 transBatchB=0 alpha=1)
      output y: float32[5, 2, 3]"
    `);
    expect(emitted({ a: [5, 2, 4], b: [5, 3, 4] }, fn, "portable")).toMatchInlineSnapshot(`
      "input a: float32[5, 2, 4]
      input b: float32[5, 3, 4]
      %0 = Transpose(b; perm=[0, 2, 1])
      y = MatMul(a, %0)
      output y: float32[5, 2, 3]"
    `);
  });

  it("linear: the bias inside Gemm for small results, added on all threads for large ones", () => {
    const fn: Fn = ({ x, w, b }) => ({ y: linear(x!, w!, b!) });
    expect(emitted({ x: [4, 3], w: [2, 3], b: [2] }, fn)).toMatchInlineSnapshot(`
      "input x: float32[4, 3]
      input w: float32[2, 3]
      input b: float32[2]
      y = Gemm(x, w, b; transB=1)
      output y: float32[4, 2]"
    `);
    expect(emitted({ x: [4096, 3], w: [32, 3], b: [32] }, fn)).toMatchInlineSnapshot(`
      "input x: float32[4096, 3]
      input w: float32[32, 3]
      input b: float32[32]
      %0 = Gemm(x, w; transB=1)
      y = Add(%0, b)
      output y: float32[4096, 32]"
    `);
  });

  it("sums of products accumulate in Gemm, through a reshape too", () => {
    const fn: Fn = ({ a, b, c }) => ({ y: add(reshape(matmul(a!, b!), [2, 2, 3]), c!) });
    expect(emitted({ a: [4, 2], b: [2, 3], c: [2, 2, 3] }, fn)).toMatchInlineSnapshot(`
      "input a: float32[4, 2]
      input b: float32[2, 3]
      input c: float32[2, 2, 3]
      %1: int64[3] = 2, 2, 3
      %3: int64[2] = 4, 3
      %4 = Reshape(c, %3)
      %5 = Gemm(a, b, %4; transA=0 transB=0)
      y = Reshape(%5, %1)
      output y: float32[2, 2, 3]"
    `);
  });

  it("a product that is needed elsewhere stays as it is", () => {
    const fn: Fn = ({ a, b, c }) => {
      const product = matmul(a!, b!);
      return { product, y: add(product, c!), scaled: mul(product, 2) };
    };
    expect(emitted({ a: [4, 2], b: [2, 3], c: [4, 3] }, fn)).toMatchInlineSnapshot(`
      "input a: float32[4, 2]
      input b: float32[2, 3]
      input c: float32[4, 3]
      %2: float32[] = 2
      product = Gemm(a, b; transA=0 transB=0 alpha=1)
      y = Add(product, c)
      scaled = Mul(product, %2)
      output product: float32[4, 3]
      output y: float32[4, 3]
      output scaled: float32[4, 3]"
    `);
  });
});

describe("attention over token-first rows", () => {
  const [length, batchHeads, depth] = [3, 4, 2];
  const fn: Fn = ({ q, k, v }) => {
    const heads = (x: Value): Value => transpose(reshape(x, [length, batchHeads, depth]), [1, 0, 2]);
    const scores = mul(matmul(heads(q!), heads(k!), { transposeB: true }), 0.5);
    return { y: reshape(transpose(matmul(softmax(scores), heads(v!)), [1, 0, 2]), [6, 4]) };
  };
  const shapes = { q: [6, 4], k: [6, 4], v: [6, 4] };

  it("reads the heads in place", () => {
    expect(emitted(shapes, fn)).toMatchInlineSnapshot(`
      "input q: float32[6, 4]
      input k: float32[6, 4]
      input v: float32[6, 4]
      %0: int64[3] = 3, 4, 2
      %13: int64[2] = 6, 4
      %1 = Reshape(q, %0)
      %3 = Reshape(k, %0)
      %7 = com.microsoft.FusedMatMul(%1, %3; transA=0 transB=1 transBatchA=1 transBatchB=1 alpha=0.5)
      %8 = Softmax(%7; axis=2)
      %9 = Reshape(v, %0)
      %11 = com.microsoft.FusedMatMul(%8, %9; transA=0 transB=0 transBatchA=0 transBatchB=1 alpha=1)
      %12 = Transpose(%11; perm=[1, 0, 2])
      y = Reshape(%12, %13)
      output y: float32[6, 4]"
    `);
  });

  it("copies them in portable models", () => {
    expect(emitted(shapes, fn, "portable")).toMatchInlineSnapshot(`
      "input q: float32[6, 4]
      input k: float32[6, 4]
      input v: float32[6, 4]
      %0: int64[3] = 3, 4, 2
      %7: float32[] = 0.5
      %14: int64[2] = 6, 4
      %1 = Reshape(q, %0)
      %2 = Transpose(%1; perm=[1, 0, 2])
      %3 = Reshape(k, %0)
      %4 = Transpose(%3; perm=[1, 0, 2])
      %5 = Transpose(%4; perm=[0, 2, 1])
      %6 = MatMul(%2, %5)
      %8 = Mul(%6, %7)
      %9 = Softmax(%8; axis=2)
      %10 = Reshape(v, %0)
      %11 = Transpose(%10; perm=[1, 0, 2])
      %12 = MatMul(%9, %11)
      %13 = Transpose(%12; perm=[1, 0, 2])
      y = Reshape(%13, %14)
      output y: float32[6, 4]"
    `);
  });
});

describe("normalisation", () => {
  it("layerNorm and its gradient share one LayerNormalization", () => {
    const fn: Fn = ({ x, s, b, w }) => {
      const [dx, ds, db] = gradient(sum(mul(layerNorm(x!, s!, b!), w!)), [x!, s!, b!]) as [Value, Value, Value];
      return { y: layerNorm(x!, s!, b!), dx, ds, db };
    };
    expect(emitted({ x: [32, 4], s: [4], b: [4], w: [32, 4] }, fn)).toMatchInlineSnapshot(`
      "input x: float32[32, 4]
      input s: float32[4]
      input b: float32[4]
      input w: float32[32, 4]
      %4: int64[2] = 4, 1
      %10: int64[1] = 1
      %24: int64[2] = 1, 32
      %27: int64[1] = 4
      %29: float32[1, 32] = 1, 1, 1, 1, ...
      y, , %2 = LayerNormalization(x, s, b; axis=1 epsilon=0.00001)
      %3 = Mul(w, s)
      %5 = Reshape(s, %4)
      %8 = Gemm(w, %5; alpha=0.25)
      %9 = Sub(%3, %8)
      %12 = ReduceMean(x, %10; keepdims=1)
      %13 = Sub(x, %12)
      %14 = Mul(w, %13)
      %17 = Gemm(%14, %5; alpha=0.25)
      %18 = Mul(%2, %2)
      %19 = Mul(%17, %18)
      %20 = Mul(%13, %19)
      %21 = Sub(%9, %20)
      dx = Mul(%21, %2)
      %25 = Reshape(%2, %24)
      %26 = Gemm(%25, %14; alpha=1)
      ds = Reshape(%26, %27)
      %30 = Gemm(%29, w; alpha=1)
      db = Reshape(%30, %27)
      output y: float32[32, 4]
      output dx: float32[32, 4]
      output ds: float32[4]
      output db: float32[4]"
    `);
  });

  it("standardize and inverseDeviation share one node", () => {
    const fn: Fn = ({ x }) => ({
      y: emit("standardize", [x!], { epsilon: 0.5 }),
      s: emit("inverseDeviation", [x!], { epsilon: 0.5 }),
    });
    expect(emitted({ x: [2, 4] }, fn)).toMatchInlineSnapshot(`
      "input x: float32[2, 4]
      %0: float32[4] = 1, 1, 1, 1
      %1: float32[4] = 0, 0, 0, 0
      y, , s = LayerNormalization(x, %0, %1; axis=1 epsilon=0.5)
      output y: float32[2, 4]
      output s: float32[2, 1]"
    `);
  });
});

describe("reductions", () => {
  it("sums over many rows are products with ones", () => {
    expect(emitted({ x: [4, 8, 3] }, ({ x }) => ({ y: sum(x!, [0, 1]) }))).toMatchInlineSnapshot(`
      "input x: float32[4, 8, 3]
      %0: int64[2] = 32, 3
      %2: float32[1, 32] = 1, 1, 1, 1, ...
      %4: int64[1] = 3
      %1 = Reshape(x, %0)
      %3 = Gemm(%2, %1; alpha=1)
      y = Reshape(%3, %4)
      output y: float32[3]"
    `);
    expect(emitted({ x: [4, 3] }, ({ x }) => ({ y: sum(x!, 0) }))).toMatchInlineSnapshot(`
      "input x: float32[4, 3]
      %0: int64[1] = 0
      y = ReduceSum(x, %0; keepdims=0)
      output y: float32[3]"
    `);
  });

  it("weighted sums do not store the products", () => {
    const fn: Fn = ({ x, row, column }) => ({
      rows: sum(mul(x!, column!), 0),
      columns: mean(mul(x!, row!), 1),
    });
    expect(emitted({ x: [32, 4], row: [4], column: [32, 1] }, fn)).toMatchInlineSnapshot(`
      "input x: float32[32, 4]
      input row: float32[4]
      input column: float32[32, 1]
      %1: int64[2] = 1, 32
      %4: int64[1] = 4
      %7: int64[2] = 4, 1
      %10: int64[1] = 32
      %2 = Reshape(column, %1)
      %3 = Gemm(%2, x; alpha=1)
      rows = Reshape(%3, %4)
      %8 = Reshape(row, %7)
      %13 = Gemm(x, %8; alpha=0.25)
      columns = Reshape(%13, %10)
      output rows: float32[4]
      output columns: float32[32]"
    `);
  });

  it("a mean is one ReduceMean", () => {
    expect(emitted({ x: [4, 8] }, ({ x }) => ({ y: mean(square(x!)) }))).toMatchInlineSnapshot(`
      "input x: float32[4, 8]
      %1: int64[2] = 0, 1
      %0 = Mul(x, x)
      y = ReduceMean(%0, %1; keepdims=0)
      output y: float32[]"
    `);
  });
});

describe("further ops", () => {
  it("relu's derivative reads its result", () => {
    const fn: Fn = ({ x }) => ({ dx: gradient(sum(relu(x!)), [x!])[0] as Value });
    expect(emitted({ x: [3] }, fn)).toMatchInlineSnapshot(`
      "input x: float32[3]
      %0 = Relu(x)
      dx = HardSigmoid(%0; alpha=3e+38 beta=0)
      output dx: float32[3]"
    `);
  });

  it("slices that divide a value come from one Split, others do not", () => {
    const parts: Fn = ({ x }) => ({ a: slice(x!, 0, 0, 2), b: slice(x!, 0, 2, 5) });
    expect(emitted({ x: [5, 2] }, parts)).toMatchInlineSnapshot(`
      "input x: float32[5, 2]
      %0: int64[2] = 2, 3
      a, b = Split(x, %0; axis=0)
      output a: float32[2, 2]
      output b: float32[3, 2]"
    `);
    const gap: Fn = ({ x }) => ({ a: slice(x!, 0, 0, 2), b: slice(x!, 0, 3, 5) });
    expect(emitted({ x: [5, 2] }, gap)).toMatchInlineSnapshot(`
      "input x: float32[5, 2]
      %0: int64[1] = 0
      %1: int64[1] = 2
      %2: int64[1] = 1
      %4: int64[1] = 3
      %5: int64[1] = 5
      a = Slice(x, %0, %1, %0, %2)
      b = Slice(x, %4, %5, %0, %2)
      output a: float32[2, 2]
      output b: float32[2, 2]"
    `);
  });

  it("gelu is one operator, or five of the standard set", () => {
    expect(emitted({ x: [2] }, ({ x }) => ({ y: gelu(x!) }))).toMatchInlineSnapshot(`
      "input x: float32[2]
      y = com.microsoft.Gelu(x)
      output y: float32[2]"
    `);
    expect(emitted({ x: [2] }, ({ x }) => ({ y: gelu(x!) }), "portable")).toMatchInlineSnapshot(`
      "input x: float32[2]
      %0: float32[] = 0.7071067690849304
      %3: float32[] = 1
      %5: float32[] = 0.5
      %1 = Mul(x, %0)
      %2 = Erf(%1)
      %4 = Add(%2, %3)
      %6 = Mul(x, %5)
      y = Mul(%6, %4)
      output y: float32[2]"
    `);
  });

  it("equal small constants share one initialiser, and what nothing needs is left out", () => {
    const fn: Fn = ({ x, unused }) => ({ y: concat([mul(x!, 2), add(x!, 2), mul(unused!, 1)].slice(0, 2), 0) });
    expect(emitted({ x: [2], unused: [2] }, fn)).toMatchInlineSnapshot(`
      "input x: float32[2]
      input unused: float32[2]
      %0: float32[] = 2
      %1 = Mul(x, %0)
      %2 = Add(x, %0)
      y = Concat(%1, %2; axis=0)
      output y: float32[4]"
    `);
  });

  it("where of booleans is spelled out", () => {
    const flags = { dtype: "bool", shape: [2] } as const;
    const graph = trace({ c: flags, a: flags, b: flags }, ({ c, a, b }) => ({ y: where(c, a, b) }));
    expect(print(graph)).toMatchInlineSnapshot(`
      "input c: bool[2]
      input a: bool[2]
      input b: bool[2]
      %0 = Not(c)
      %1 = And(%0, b)
      %2 = And(c, a)
      y = Or(%2, %1)
      output y: bool[2]"
    `);
  });
});

describe("names of outputs", () => {
  it("an output named like an input, an input as output, one value twice", () => {
    const graph = trace({ x: tensor([1, 2]) }, ({ x }) => {
      const next = add(x, 1);
      return { x: next, copy: x, again: next };
    });
    const { model, outputNames } = lowerGraph(graph, { target: "portable", name: "g", metadata: {} });
    expect(Object.fromEntries(outputNames)).toEqual({ x: "x.next", copy: "copy", again: "again" });
    expect(printModel(model)).toMatchInlineSnapshot(`
      "input x: float32[2]
      %0: float32[] = 1
      x.next = Add(x, %0)
      copy = Identity(x)
      again = Identity(x.next)
      output x.next: float32[2]
      output copy: float32[2]
      output again: float32[2]"
    `);
  });
});
