import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { gradient } from "../../autodiff/gradient.js";
import { evaluateGraph } from "../../reference/index.js";
import { broadcastShapes, shapesEqual, sizeOf } from "../../tensor/shape.js";
import { type HostTensor, tensor } from "../../tensor/tensor.js";
import { emit } from "../emit.js";
import type { Graph } from "../graph.js";
import { hashGraph } from "../hash.js";
import * as op from "../operations.js";
import { trace } from "../trace.js";
import type { OpName, TensorType, Value } from "../value.js";
import { simplifyAlgebra } from "./algebraic-identities.js";
import { bakeConstants } from "./bake.js";
import { mergeCommonSubexpressions } from "./common-subexpressions.js";
import { foldConstants } from "./constant-folding.js";
import { eliminateDeadCode } from "./dead-code.js";
import { expandComposites } from "./expand-composites.js";
import type { Identity } from "./identities/identity.js";
import { identities } from "./identities/table.js";
import { optimize, optimizeInTurns } from "./optimize.js";
import { rewriteGraph } from "./rewrite.js";

const inputTypes = {
  matrix: { dtype: "float32", shape: [2, 3] },
  row: { dtype: "float32", shape: [3] },
  single: { dtype: "float32", shape: [1, 3] },
  stack: { dtype: "float32", shape: [2, 1, 3] },
  scalar: { dtype: "float32", shape: [] },
} satisfies Record<string, TensorType>;

const inputs = {
  matrix: tensor([0.5, -1, 0, 2, -0.25, 1.5], [2, 3]),
  row: tensor([1, -2, 0.75]),
  single: tensor([-0.5, 3, 0.125], [1, 3]),
  stack: tensor([1, 0, -1, 0.5, 2, -3], [2, 1, 3]),
  scalar: tensor([-1.5], []),
};

/** Picks one of a list by any natural number, so that every random program is legal. */
const pick = <T>(list: readonly T[], n: number): T => list[n % list.length] as T;
const lastAxis = (x: Value): number => x.shape.length - 1;

function partner(a: Value, values: readonly Value[], n: number): Value {
  const fitting = values.filter((b) => {
    const joined = broadcastShapes(a.shape, b.shape);
    return joined !== undefined && sizeOf(joined) <= 64;
  });
  return pick(fitting, n);
}

/** Powers of two, so that merging the factors is exact and values can be compared bit by bit. */
const factors = [1, 2, -1, 0.5, -4, 0];

/** The mark of a block that starts and ends in one value. */
const mark = (x: Value): Value => emit("barrier", [x, x], { recompute: true });

type Step = (a: Value, values: readonly Value[], n: number) => Value;

/** Results stay within a few orders of magnitude: nothing overflows, nothing is divided by zero. */
const steps: readonly Step[] = [
  (a, values, n) => op.add(a, partner(a, values, n)),
  (a, values, n) => op.sub(a, partner(a, values, n)),
  (a, values, n) => op.add(a, op.neg(partner(a, values, n))),
  (a, values, n) => op.sub(a, op.neg(partner(a, values, n))),
  (a, values, n) => op.cos(op.mul(a, partner(a, values, n))),
  (a, values, n) => op.cos(op.mul(op.neg(a), op.neg(partner(a, values, n)))),
  (a, values, n) => op.div(a, op.add(1, op.abs(partner(a, values, n)))),
  (a, values, n) => op.maximum(a, partner(a, values, n)),
  (a, values, n) => op.where(op.less(a, partner(a, values, n)), a, partner(a, values, n)),
  (a, values, n) => op.where(op.not(op.not(op.equal(a, partner(a, values, n)))), 1, a),
  (a, _values, n) => op.mul(a, pick(factors, n)),
  (a, _values, n) => op.mul(pick(factors, n), op.mul(a, pick(factors, n + 1))),
  (a, _values, n) => op.add(a, pick(factors, n)),
  (a, _values, n) => op.sub(pick(factors, n), a),
  (a, _values, n) => op.sub(a, pick([0, 2], n)),
  (a, _values, n) => op.div(a, pick([1, -1, 2], n)),
  (a, _values, n) => op.div(pick([1, 2], n), op.add(1, op.abs(a))),
  (a, _values, n) => pick([op.neg, op.abs, op.tanh, op.sigmoid, op.relu, op.sign, op.floor, op.heaviside], n)(a),
  (a, _values, n) => pick([op.stopGradient, mark, op.neg, op.erf, op.square, op.sin], n)(op.tanh(a)),
  (a) => op.cast(op.cast(a, "int32"), "float32"),
  (a) => emit("cast", [a], { dtype: "float32" }),
  (a, _values, n) => (a.shape.length === 0 ? a : op.mean(a, n % a.shape.length, n % 2 === 0)),
  (a, _values, n) => (a.shape.length === 0 ? a : op.max(a, n % a.shape.length, n % 2 === 0)),
  (a) => op.neg(op.neg(a)),
  (a) => op.reshape(a, [-1]),
  (a, _values, n) => op.reshape(a, n % 2 === 0 ? [1, ...a.shape] : [...a.shape, 1]),
  (a, _values, n) => (a.shape.length === 0 ? a : op.transpose(a, rotated(a, n))),
  (a) => op.transpose(op.transpose(a, rotated(a, 1)), rotated(a, 2)),
  (a) => (sizeOf(a.shape) > 32 ? a : op.broadcastTo(a, [2, ...a.shape])),
  (a) => op.broadcastTo(a, [1, ...a.shape]),
  (a, _values, n) => (a.shape.length === 0 ? a : op.slice(a, 0, 0, 1 + (n % a.shape[0]!))),
  (a, _values, n) => (a.shape.length === 0 ? a : op.pad(a, lastAxis(a), n % 2, 0, 1)),
  (a) => (a.shape.length === 0 || sizeOf(a.shape) > 32 ? a : op.concat([a, op.neg(a)], 0)),
  (a) => (a.shape.length === 0 || sizeOf(a.shape) > 32 ? a : op.concat([op.concat([a, a], 0), op.neg(a)], 0)),
  (a, _values, n) => ((a.shape[0] ?? 1) < 3 ? a : pieced(a, n)),
  (a, _values, n) =>
    lastAxis(a) < 0 || (a.shape[lastAxis(a)] as number) < 3 ? a : swappedAxes(pieced(swappedAxes(a), n)),
  (a, _values, n) =>
    a.shape.length < 2 ? a : op.tanh(op.matmul(a, swapped(a), { transposeA: n % 2 === 0, transposeB: n % 2 === 0 })),
  (a) => (a.shape.length < 2 ? a : op.tanh(op.matmul(swapped(a), a))),
  (a) => (a.shape.length === 0 ? a : op.softmax(a)),
  (a) => (a.shape.length === 0 ? a : op.gelu(a)),
  (_a, _values, n) => op.constant(tensor([pick(factors, n), pick(factors, n), pick(factors, n >> 3)])),
  (_a, _values, n) => op.reshape(op.constant(tensor([n, 1, 0.5])), [1, 3]),
];

/** Sums of pieces of a: beside each other, one inside the other, with the whole, and both transposed. */
function pieced(a: Value, n: number): Value {
  const size = a.shape[0] as number;
  const piece = (x: Value, start: number, end: number): Value =>
    op.pad(op.slice(x, 0, start, end), 0, start, size - end);
  const turned = (x: Value): Value => op.transpose(x, rotated(x, 1));
  const back = (x: Value): Value => op.transpose(x, rotated(x, x.shape.length - 1));
  const cut = op.slice(turned(a), lastAxis(a), 1, 3);
  return pick(
    [
      () => op.add(piece(a, 1, 2), piece(op.neg(a), 0, 1)),
      () => op.add(piece(a, 1, size), piece(op.neg(a), 1, 2)),
      () => op.add(op.add(a, piece(a, 0, 1)), piece(a, 1, size)),
      () => op.add(a, op.pad(back(cut), 0, 1, size - 3)),
      () => op.add(back(op.tanh(op.reshape(a, turned(a).shape))), op.pad(back(op.neg(cut)), 0, 1, size - 3)),
    ],
    n,
  )();
}

function swappedAxes(a: Value): Value {
  return op.transpose(
    a,
    a.shape.map((_, axis) => lastAxis(a) - axis),
  );
}

function rotated(a: Value, by: number): number[] {
  return a.shape.map((_, axis) => (axis + by) % a.shape.length);
}

function swapped(a: Value): Value {
  const rank = a.shape.length;
  return op.transpose(
    a,
    a.shape.map((_, i) => (i < rank - 2 ? i : i === rank - 2 ? rank - 1 : rank - 2)),
  );
}

const program = fc.array(fc.tuple(fc.nat(1000), fc.nat(1000), fc.nat(1000)), { minLength: 1, maxLength: 12 });

/** Each step works on one of the values so far and adds its result; the last few are the outputs. */
function traceProgram(instructions: readonly (readonly [number, number, number])[]): Graph {
  return trace(inputTypes, (declared) => {
    const values: Value[] = Object.values(declared);
    for (const [step, operand, n] of instructions) values.push(pick(steps, step)(pick(values, operand), values, n));
    return Object.fromEntries(values.slice(-3).map((value, i) => [`y${i}`, value]));
  });
}

const bake = (graph: Graph): Graph => bakeConstants(graph, { row: inputs.row, scalar: inputs.scalar });

const passes: Record<string, (graph: Graph) => Graph> = {
  eliminateDeadCode,
  mergeCommonSubexpressions,
  foldConstants,
  simplifyAlgebra,
  optimize,
  expandComposites: (graph) => expandComposites(graph, new Set()),
};

function evaluate(graph: Graph): Record<string, HostTensor> {
  const given = Object.entries(inputs).filter(([name]) => graph.inputs.some((x) => x.attributes.name === name));
  return evaluateGraph(graph, Object.fromEntries(given));
}

/** Exactly equal, up to the sign of a zero. */
function expectSame(actual: Record<string, HostTensor>, expected: Record<string, HostTensor>): void {
  const plain = (results: Record<string, HostTensor>) =>
    Object.entries(results).map(([name, { dtype, shape, data }]) => [
      name,
      dtype,
      [...shape],
      Array.from(data, (x) => x + 0),
    ]);
  expect(plain(actual)).toEqual(plain(expected));
}

describe("passes keep every value of random programs", () => {
  it.each(Object.keys(passes))("%s", (name) => {
    const pass = passes[name]!;
    fc.assert(
      fc.property(program, fc.boolean(), (instructions, baked) => {
        const traced = traceProgram(instructions);
        const graph = baked ? bake(traced) : traced;
        const changed = pass(graph);
        expectSame(evaluate(changed), evaluate(graph));
        expect(hashGraph(pass(changed))).toBe(hashGraph(changed));
      }),
      { seed: 7, numRuns: 300 },
    );
  });

  it("bakeConstants", () => {
    fc.assert(
      fc.property(program, (instructions) => {
        const graph = traceProgram(instructions);
        const baked = bake(graph);
        expect(baked.inputs.map((x) => x.attributes.name)).toEqual(["matrix", "single", "stack"]);
        expectSame(evaluate(baked), evaluate(graph));
      }),
      { seed: 8, numRuns: 100 },
    );
  });

  it("or else are caught: subtraction taken for commutative", () => {
    const wrong = (graph: Graph) =>
      rewriteGraph(graph, (node) => (node.op === "sub" ? op.sub(node.inputs[1]!, node.inputs[0]!) : node));
    const property = fc.property(program, (instructions) => {
      const graph = traceProgram(instructions);
      expectSame(evaluate(wrong(graph)), evaluate(graph));
    });
    expect(fc.check(property, { seed: 7, numRuns: 300 }).failed).toBe(true);
  });
});

describe("random programs", () => {
  it("call on every identity", () => {
    const spies = [...new Set(Object.values(identities).flat())].map((identity) => ({
      identity,
      spy: vi.spyOn(identity as Identity<OpName>, "rewrite"),
    }));
    fc.assert(
      fc.property(program, (instructions) => {
        optimize(traceProgram(instructions));
      }),
      { seed: 11, numRuns: 500 },
    );
    const applied = ({ spy }: (typeof spies)[number]) => spy.mock.results.some((result) => result.value !== undefined);
    expect(spies.filter((entry) => !applied(entry)).map(({ identity }) => identity.name)).toEqual([]);
    vi.restoreAllMocks();
  });
});

describe("optimize", () => {
  it("merges what different passes find: the derivative of a mean square is one product", () => {
    const graph = trace({ x: { dtype: "float32", shape: [4, 2] } }, ({ x }) => ({
      slope: gradient(op.mean(op.square(x)), [x])[0]!,
    }));
    expect(graph.nodes.length).toBeGreaterThan(6);
    const optimized = optimize(graph);
    expect(optimized.nodes.map((node) => node.op)).toEqual(["input", "constant", "mul"]);
    expect(optimized.nodes[1]).toMatchObject({ attributes: { data: Float32Array.of(0.25) } });
  });

  it("stays within float32 rounding where it merges factors that are no powers of two", () => {
    const graph = trace({ x: { dtype: "float32", shape: [6] } }, ({ x }) => ({
      y: op.mul(op.mul(op.mul(x, 0.1), 0.3), 0.7),
    }));
    const x = tensor([0.1, -2.3, 5.7, 1e-3, 123.4, -9.9]);
    const before = evaluateGraph(graph, { x }).y!.data;
    const after = evaluateGraph(optimize(graph), { x }).y!.data;
    for (const [i, value] of after.entries()) expect(Math.abs(value / before[i]! - 1)).toBeLessThan(4 * 2 ** -24);
  });

  it("keeps declared inputs, output names and their types", () => {
    fc.assert(
      fc.property(program, (instructions) => {
        const graph = traceProgram(instructions);
        const optimized = optimize(graph);
        expect(optimized.inputs).toEqual(graph.inputs);
        expect(Object.keys(optimized.outputs)).toEqual(Object.keys(graph.outputs));
        for (const [name, value] of Object.entries(graph.outputs)) {
          expect(shapesEqual(optimized.outputs[name]!.shape, value.shape)).toBe(true);
        }
      }),
      { seed: 10, numRuns: 100 },
    );
  });
});

it("takes turns between its passes, and comes to the same", async () => {
  const graph = trace({ x: { dtype: "float32", shape: [2] } }, ({ x }) => ({
    y: op.add(op.mul(x, op.constant(tensor([1, 1]))), op.add(op.constant(2), op.constant(3))),
  }));
  let breaths = 0;
  const result = await optimizeInTurns(graph, async () => {
    breaths++;
  });
  expect(hashGraph(result)).toBe(hashGraph(optimize(graph)));
  expect(breaths).toBeGreaterThanOrEqual(3);
});
