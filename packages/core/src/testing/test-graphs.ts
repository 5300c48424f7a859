import { gradient } from "../engine/autodiff/gradient.js";
import * as ops from "../engine/graph/operations.js";
import { trace } from "../engine/graph/trace.js";
import type { Value } from "../engine/graph/value.js";
import { evaluateGraph } from "../engine/reference/index.js";
import { isHostTensor, tensor } from "../engine/tensor/tensor.js";
import { assert, assertClose, assertRejects } from "./assertions.js";
import { type GradientProblem, gradientValues } from "./gradient-problem.js";
import { assertLikeReference, readAndDispose, runOnce } from "./run.js";
import type { Conformance } from "./test-api.js";
import { assertLikeDifferences } from "./test-ops.js";
import { drawTensor } from "./values.js";

const float = (...shape: number[]) => ({ dtype: "float32", shape }) as const;
const draw = (seed: number, ...shape: number[]) => drawTensor({ dtype: "float32", shape, low: -1, high: 1 }, seed);

/** What graphs may look like at their borders: inputs, constants, outputs, names, depth. */
export function testGraphs({ options, tolerance, backend }: Conformance): void {
  const { describe, it } = options;
  describe("graphs", () => {
    it("takes names with dots, slashes, spaces and non-ASCII letters", async () => {
      const graph = trace({ "a.b/c d": float(2), "blöck.0": float(2) }, (values) => ({
        "out/0.x": ops.add(values["a.b/c d"], values["blöck.0"]),
        "größe 1": ops.mul(values["a.b/c d"], 2),
      }));
      await assertLikeReference(await backend(), graph, { "a.b/c d": draw(1, 2), "blöck.0": draw(2, 2) }, tolerance);
    });

    it("returns inputs, constants and one value under two names", async () => {
      const graph = trace({ x: float(3), unused: float(2) }, ({ x }) => {
        const y = ops.add(x, 1);
        return { y, again: y, same: x, fixed: ops.constant(tensor([4, 5])), flat: ops.reshape(x, [1, 3]) };
      });
      await assertLikeReference(await backend(), graph, { x: draw(1, 3), unused: draw(2, 2) }, tolerance);
    });

    it("computes a graph without inputs", async () => {
      const graph = trace({}, () => ({ y: ops.softmax(ops.constant(tensor([0, 0]))) }));
      await assertLikeReference(await backend(), graph, {}, tolerance);
    });

    it("computes a chain of a thousand nodes", async () => {
      const graph = trace({ x: float(7) }, ({ x }) => {
        let y: Value = x;
        for (let i = 0; i < 500; i++) y = ops.sub(ops.mul(y, 0.99), x);
        return { y };
      });
      await assertLikeReference(await backend(), graph, { x: draw(1, 7) }, 10 * tolerance);
    });

    it("leaves its inputs as they were and its outputs apart from them", async () => {
      const graph = trace({ x: float(3) }, ({ x }) => ({ y: ops.reshape(x, [3, 1]), z: ops.relu(x) }));
      const x = tensor([1, -2, 3]);
      const outputs = await runOnce(await backend(), graph, { x });
      await assertClose(x, tensor([1, -2, 3]), 0, "the input after the run");
      x.data.fill(0);
      await assertClose(outputs.y, tensor([1, -2, 3], [3, 1]), 0, "the output after its input changed");
    });

    it("bakes constants in, and no longer takes them as inputs", async () => {
      const graph = trace({ x: float(2, 3), w: float(4, 3), b: float(4) }, ({ x, w, b }) => ({
        y: ops.linear(x, w, b),
      }));
      const inputs = { x: draw(1, 2, 3), w: draw(2, 4, 3), b: draw(3, 4) };
      const { x, ...constants } = inputs;
      for (const brief of [false, true]) {
        const executable = await (await backend()).compile(graph, { constants, brief });
        const { y } = await readAndDispose(await executable.run({ x }));
        await assertClose(y, evaluateGraph(graph, inputs).y as NonNullable<typeof y>, tolerance, "y");
        await assertRejects(executable.run(inputs), ["invalid-argument"], "a run that is given a baked constant");
        executable.dispose();
      }
    });

    it("refuses an option of compiling that there is not", async () => {
      const graph = trace({ x: float(2) }, ({ x }) => ({ y: ops.add(x, 1) }));
      const compiling = (await backend()).compile(graph, { constant: {} } as never);
      await assertRejects(compiling, ["invalid-argument"], "an unknown option");
    });

    it("refuses what is no graph, no inputs and nothing to reuse", async () => {
      const live = await backend();
      for (const nothing of [undefined, null, 5, {}]) {
        await assertRejects(live.compile(nothing as never), ["invalid-argument"], "no graph");
      }
      const executable = await live.compile(trace({ x: float(2) }, ({ x }) => ({ y: ops.add(x, 1) })));
      for (const nothing of [undefined, null, 5]) {
        await assertRejects(executable.run(nothing as never), ["invalid-argument"], "no inputs");
      }
      const x = draw(1, 2);
      for (const options of [5, { reuse: 5 }, { reuse: { y: 5 } }, { surprise: x }]) {
        await assertRejects(executable.run({ x }, options as never), ["invalid-argument"], "nothing to reuse");
      }
      executable.dispose();
    });

    it("refuses constants that the graph does not declare or that do not fit", async () => {
      const graph = trace({ x: float(2), w: float(2) }, ({ x, w }) => ({ y: ops.add(x, w) }));
      const live = await backend();
      const compile = (name: string, value = draw(1, 3)) => live.compile(graph, { constants: { [name]: value } });
      await assertRejects(compile("v"), ["invalid-argument"], "an undeclared constant");
      await assertRejects(compile("w"), ["shape-mismatch"], "a constant of another shape");
      const integers = tensor(Int32Array.of(1, 2));
      await assertRejects(
        live.compile(graph, { constants: { w: integers } }),
        ["dtype-mismatch"],
        "a constant of another dtype",
      );
    });

    it("refuses missing, unknown and ill-fitting inputs", async () => {
      const graph = trace({ x: float(2), i: { dtype: "int32", shape: [] } }, ({ x, i }) => ({ y: ops.gather(x, i) }));
      const executable = await (await backend()).compile(graph);
      const [x, i] = [draw(1, 2), tensor(Int32Array.of(1), [])];
      await assertRejects(executable.run({ x }), ["invalid-argument"], "a missing input");
      await assertRejects(executable.run({ x, i, j: i }), ["invalid-argument"], "an unknown input");
      await assertRejects(executable.run({ x: draw(1, 3), i }), ["shape-mismatch"], "another shape");
      await assertRejects(executable.run({ x: draw(1, 2, 1), i }), ["shape-mismatch"], "another rank");
      await assertRejects(executable.run({ x, i: tensor([1], []) }), ["dtype-mismatch"], "another dtype");
      await assertClose(
        (await readAndDispose(await executable.run({ x, i }))).y,
        evaluateGraph(graph, { x, i }).y!,
        0,
        "y",
      );
      executable.dispose();
    });

    it("refuses indices outside their table, which a GPU would not report", async () => {
      const graph = trace({ x: float(3), at: { dtype: "int32", shape: [2] } }, ({ x, at }) => ({
        rows: ops.gather(x, ops.reshape(at, [2, 1])),
        total: ops.scatterAdd(ops.gather(x, at), at, 2),
      }));
      const live = await backend();
      const executable = await live.compile(graph);
      for (const outside of [2, -1]) {
        const inputs = { x: draw(1, 3), at: tensor(Int32Array.of(0, outside)) };
        await assertRejects(executable.run(inputs), ["invalid-argument"], `the index ${outside}`);
        const baked = live.compile(graph, { constants: { at: inputs.at } });
        await assertRejects(baked, ["invalid-argument"], `the index ${outside} as a constant`);
      }
      executable.dispose();
    });

    it("feeds outputs back as inputs, with and without reuse", async () => {
      const graph = trace({ x: float(5, 7), d: float(7) }, ({ x, d }) => ({ x: ops.add(ops.mul(x, 0.5), d) }));
      const live = await backend();
      const executable = await live.compile(graph);
      const d = draw(2, 7);
      let expected = draw(1, 5, 7);
      let current = await executable.run({ x: expected, d });
      expected = evaluateGraph(graph, { x: expected, d }).x!;
      let spare: typeof current | undefined;
      for (let step = 0; step < 6; step++) {
        const next = await executable.run({ x: current.x!, d }, spare === undefined ? {} : { reuse: spare });
        expected = evaluateGraph(graph, { x: expected, d }).x!;
        await assertClose(next.x, expected, tolerance, `x after step ${step + 1}`);
        spare = step < 2 ? undefined : current;
        current = next;
      }
      assert(
        isHostTensor(current.x!) === !live.capabilities.deviceTensors,
        "capabilities.deviceTensors does not say where outputs are.",
      );
      executable.dispose();
    });

    it("multiplies by the same elements as two matrices of other shapes", async () => {
      const graph = trace({ x: float(7, 6), y: float(7, 1), w: float(6, 1) }, ({ x, y, w }) => ({
        forward: ops.matmul(x, w),
        backward: ops.matmul(y, w, { transposeB: true }),
        again: ops.matmul(x, ops.reshape(w, [6, 1])),
        other: ops.matmul(ops.reshape(x, [14, 3]), ops.reshape(w, [3, 2])),
      }));
      const inputs = { x: draw(1, 7, 6), y: draw(2, 7, 1), w: draw(3, 6, 1) };
      await assertLikeReference(await backend(), graph, inputs, tolerance);
    });

    it("differentiates twice", async () => {
      const problem = secondDerivative();
      const graph = trace(problem.inputs, (values) => gradientValues(problem, values));
      const gradients = await runOnce(await backend(), graph, problem.inputs);
      assertLikeDifferences(problem, gradients, 20 * tolerance, "second derivative");
    });
  });
}

/** The objective holds a gradient itself: |d/dx sum(tanh(gelu(layerNorm(x)) w)^2)|^2 through a softmax. */
function secondDerivative(): GradientProblem {
  return {
    inputs: { x: draw(1, 3, 5), w: draw(2, 5, 4), scale: draw(3, 5), bias: draw(4, 5) },
    targets: ["x", "w", "scale"],
    objective: ({ x, w, scale, bias }) => {
      const hidden = ops.gelu(ops.layerNorm(x!, scale!, bias!));
      const y = ops.softmax(ops.tanh(ops.matmul(hidden, w!)));
      const [slope] = gradient(ops.sum(ops.square(y)), [x!]);
      return ops.sum(ops.square(slope as Value));
    },
  };
}
